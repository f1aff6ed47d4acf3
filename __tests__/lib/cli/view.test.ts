import { describe, expect, test } from '@jest/globals';
import { encodeLogs } from '../../../codec/index.js';
import { run } from '../../../lib/cli/program.js';
import { SESSION } from '../../helpers/messages.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { world } from '../../helpers/world.js';

const path = tempPaths();

/** A frame of one event. */
function frame(allowed: boolean, url: string, sessionId = SESSION): Buffer {
  const time = { seconds: 1_772_566_954, nanos: 120_000_000 };
  const httpRequest = { method: 'GET', url, matchedRule: allowed ? 'domain=example.com' : '' };
  return encodeLogs({ sessionId, logs: [{ allowed, time, httpRequest, sequenceNumber: 3 }] });
}

const FRAMES = [
  frame(true, 'https://example.com/0'),
  frame(false, 'https://api.example.org/1'),
  frame(false, 'https://example.com/2', 'a0b1c2d3'),
];

/** The numbers at the ends of the URLs that are shown. */
const numbersIn = (text: string) =>
  text.match(/example\.(?:com|org)\/\d/g)?.map((url) => Number(url.at(-1))) ?? [];

describe('decode', () => {
  const decode = async (args: string[], options: Parameters<typeof world>[0] = {}) => {
    const { io } = world({ input: Buffer.concat(FRAMES), env: { NO_COLOR: '1' }, ...options });
    const code = await run(['decode', ...args], io);
    return { code, stdout: io.stdout.text, stderr: io.stderr.text };
  };

  describe.each(['json', 'logfmt', 'pretty'])('%s', (format) => {
    test.each<[args: string[], numbers: number[]]>([
      [[], [0, 1, 2]],
      [['--only', 'allow'], [0]],
      [
        ['--only', 'deny'],
        [1, 2],
      ],
      [['--host', '*.org'], [1]],
      [['--session', 'a0b'], [2]],
      [
        ['--session', SESSION],
        [0, 1],
      ],
      [['--only', 'deny', '--session', SESSION.slice(0, 4), '--host', 'api.*'], [1]],
      [['--only', 'allow', '--host', '*.org'], []],
    ])('%j shows the events %j', async (args, numbers) => {
      for (const isTTY of [false, true]) {
        const { code, stdout } = await decode(['--format', format, ...args], { isTTY });
        expect([code, numbersIn(stdout)]).toEqual([0, numbers]);
      }
    });
  });

  test('without a filter, the lines of the formats for programs are the same on a terminal', async () => {
    for (const format of ['json', 'logfmt']) {
      const onTerminal = await decode(['--format', format, '--wide', '--utc'], { isTTY: true, columns: 20 });
      expect(onTerminal).toEqual(await decode(['--format', format]));
    }
  });

  test('on a terminal, pretty shows one line for each event, and sessions when there are two', async () => {
    const { stdout } = await decode(['--utc'], { isTTY: true, columns: 54 });
    const lines = [
      '19:42:34 allow GET https://example.com/0 domain=example.com',
      '19:42:34 deny  GET    https://api.example.org/1',
      '19:42:34 deny  GET    https://example.com/2 #a0b1',
    ];
    expect(stdout).toBe(`${lines.join('\n')}\n`);
  });

  test.each([undefined, 0])('on a terminal whose width is %p, nothing is cut', async (columns) => {
    const input = frame(true, `https://example.com/${'x'.repeat(500)}`);
    const { stdout } = await decode([], { isTTY: true, columns: columns as number, input });
    expect(stdout).toContain('x'.repeat(500));
  });

  test('--wide shows every field and cuts nothing; elsewhere pretty is always like that', async () => {
    const input = frame(true, `https://example.com/${'x'.repeat(500)}`);
    const wide = await decode(['--wide', '--utc'], { isTTY: true, columns: 20, input });
    expect(wide.stdout).toBe(
      `19:42:34.12  allow GET     https://example.com/${'x'.repeat(500)} matched_rule=domain=example.com session_id=${SESSION} sequence_number=3\n`,
    );
    expect(await decode(['--format', 'pretty', '--utc'], { columns: 20, input })).toEqual(wide);
  });

  test('FORCE_COLOR turns colours on in a file, and off on a terminal', async () => {
    const inFile = await decode(['--format', 'pretty'], { env: { FORCE_COLOR: '1' } });
    expect(inFile.stdout).toContain('\u001b[32mallow');
    const onTerminal = await decode([], { isTTY: true, env: { FORCE_COLOR: '0' } });
    expect(onTerminal.stdout).not.toContain('\u001b');
  });

  test.each<[args: string[], complaint: RegExp]>([
    [['--only', 'denied'], /--only: got "denied", expected one of allow, deny/],
    [['--host', ''], /--host: got "", expected a host without scheme and path/],
    [['--host', 'https://example.com/'], /--host: got ".*", expected a host without scheme and path/],
    [['--session', ''], /--session: got "", expected at least one character/],
    [['--outcomes', '--only', 'deny'], /'--outcomes' cannot be used with option '--only <decision>'/],
    [['--outcomes', '--host', 'a'], /'--outcomes' cannot be used with option '--host <glob>'/],
    [['--outcomes', '--session', 'a'], /'--outcomes' cannot be used with option '--session <id>'/],
  ])('%j is wrong usage', async (args, complaint) => {
    const { code, stdout, stderr } = await decode(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(complaint);
  });
});

describe('serve', () => {
  test.each<[args: string[], isTTY: boolean]>([
    [['--only', 'deny'], false],
    [['--host', '*.org'], false],
    [['--session', '5f3c'], false],
    [['--only', 'deny', '--format', 'pretty'], false],
    [['--only', 'deny', '--format', 'json'], true],
    [['--only', 'deny', '--format', 'logfmt'], true],
    [['--only', 'deny', '--reporter', 'null'], true],
    [['--only', 'deny', '--reporter', 'coder'], true],
  ])('refuses a filter where it delivers events: %j, terminal: %p', async (args, isTTY) => {
    const { io } = world({
      isTTY,
      env: { CODER_AGENT_URL: 'https://coder.example', CODER_AGENT_TOKEN: 't' },
    });
    expect(await run(['serve', '--socket', path(), '--metrics', 'off', ...args], io)).toBe(2);
    expect(io.stderr.text).toMatch(
      new RegExp(
        `^error: ERR_INVALID_OPTION: ${args[0]}: got "${args[1]?.replaceAll('*', '\\*')}", expected no filter here`,
      ),
    );
  });

  test('the refusal names the variable that sets the filter', async () => {
    const { io } = world({ env: { BOUNDARY_LOG_PROXY_ONLY: 'deny' } });
    expect(await run(['serve', '--socket', path(), '--metrics', 'off'], io)).toBe(2);
    expect(io.stderr.text).toMatch(/BOUNDARY_LOG_PROXY_ONLY: got "deny", expected no filter here/);
  });

  test('what a filter hides counts as forwarded, and a terminal may be resized', async () => {
    const { io, signals } = world({ isTTY: true, columns: 100, env: { NO_COLOR: '1' } });
    const socket = path();
    const args = ['--socket', socket, '--metrics', 'off', '--only', 'deny', '--host', '*.org', '--utc'];
    const done = run(['serve', ...args], io);
    await until('it listens', () => io.stderr.text.includes('appear here'));
    await sendAll(socket, FRAMES);
    await until('one event is shown', () => io.stdout.text.includes('\n'));
    io.stdout.columns = 45;
    await sendAll(socket, [frame(false, 'https://api.example.org/a/long/path')]);
    await until('another one is shown', () => io.stdout.text.split('\n').length === 3);
    signals.emit('signal', 'SIGINT');
    expect(await done).toBe(0);
    expect(io.stdout.text).toBe(
      '19:42:34 deny  GET    https://api.example.org/1\n19:42:34 deny GET https://api.example.org/a/…\n',
    );
    expect(io.stderr.text).toMatch(/INFO: 4 events received, all forwarded\n$/);
  });

  test('an end that takes long says on a terminal how to end at once', async () => {
    const { io, signals } = world({ isTTY: true, env: { NO_COLOR: '1' } });
    const socket = path();
    io.stdout.write = (() => false) as typeof io.stdout.write;
    const done = run(['serve', '--socket', socket, '--metrics', 'off', '--drain', '2'], io);
    await until('it listens', () => io.stderr.text.includes('appear here'));
    await sendAll(socket, FRAMES);
    signals.emit('signal', 'SIGINT');
    expect(io.stderr.text).not.toContain('a second signal');
    expect(await done).toBe(1);
    expect(io.stderr.text).toMatch(
      /a second signal ends the process immediately.*\n.*3 lost because the proxy was/,
    );
  }, 30_000);
});
