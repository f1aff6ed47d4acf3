import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { WriteStream } from 'node:tty';
import { describe, expect, jest, test } from '@jest/globals';
import { LogBatch } from '../../../codec/index.js';
import { FileOutput } from '../../../lib/cli/file-output.js';
import { hasColor, type Io } from '../../../lib/cli/io.js';
import { run } from '../../../lib/cli/program.js';
import { formatBatch } from '../../../lib/text/format.js';
import { logBatch, logsFrame } from '../../helpers/messages.js';
import { sendAll } from '../../helpers/socket-client.js';
import { appendAll, queues } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { world } from '../../helpers/world.js';

const path = tempPaths();
const openQueue = queues();

describe('serve', () => {
  test('on a terminal, tells a new user what to do next in at most three lines, and writes readable text', async () => {
    const { io, signals } = world({ isTTY: true });
    const socket = path();
    const done = run(['serve', '--socket', socket, '--metrics', 'off', '--log-level', 'warn'], io);
    await until('it has said so', () => io.stderr.text.includes('send --socket'));
    expect(io.stderr.text.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
    await sendAll(socket, [logsFrame(1)]);
    await until('it has arrived', () => io.stdout.text !== '');
    expect(io.stdout.text).toContain('\u001b[32mallow\u001b[39m GET');
    signals.emit('signal', 'SIGINT');
    expect(await done).toBe(0);
    expect(signals.listenerCount('signal')).toBe(0);
  });

  test.each([
    [true, 'info', 0],
    [true, 'silent', 0],
    [false, 'info', 1],
  ])(
    'stdout is lost, and stderr is a terminal: %j, --log-level %s: exit code %d',
    async (isTTY, level, code) => {
      const { io } = world({ isTTY });
      const socket = path();
      const done = run(['serve', '--socket', socket, '--metrics', 'off', '--log-level', level], io);
      await until('it listens', () => existsSync(socket));
      io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      expect(await done).toBe(code);
    },
  );

  test('NO_COLOR turns off colours, also in the log', async () => {
    const { io, signals } = world({ isTTY: true, env: { NO_COLOR: '1' } });
    const socket = path();
    const done = run(['serve', '--socket', socket, '--metrics', '127.0.0.1:0'], io);
    await until('it listens', () => io.stderr.text.includes('send --socket'));
    await sendAll(socket, [logsFrame(1)]);
    await until('it has arrived', () => io.stdout.text !== '');
    signals.emit('signal', 'SIGINT');
    expect(await done).toBe(0);
    await until('it has said good-bye', () => io.stderr.text.includes('1 event received, all forwarded'));
    expect(io.stdout.text + io.stderr.text).not.toContain('\u001b');
  });

  test('a file receives everything that one read of a socket contains, in few writes, in order', async () => {
    const { io, signals } = world();
    const at = path();
    const fd = openSync(at, 'w');
    const file = new FileOutput(fd);
    const write = jest.spyOn(file, 'write');
    const socket = path();
    const done = run(['serve', '--socket', socket, '--metrics', 'off'], { ...io, output: file });
    await until('it listens', () => io.stderr.text.includes('listening'));
    // This is more than the buffer holds.
    const frames = Array.from({ length: 2000 }, (_, i) => logsFrame(1, i));
    await sendAll(socket, [Buffer.concat(frames)]);
    await until('everything has arrived', () =>
      readFileSync(at, 'utf8').endsWith(formatBatch(logBatch(1, 1999), 'json')),
    );
    signals.emit('signal', 'SIGTERM');
    expect(await done).toBe(0);
    closeSync(fd);
    expect(readFileSync(at, 'utf8') === formatBatch(logBatch(2000), 'json')).toBe(true);
    expect(write.mock.calls.length).toBeLessThan(200);
    expect(io.stderr.text).toContain('"forwarded":{"batches":2000,"logs":2000}');
    expect(io.stdout.text).toBe('');
  });

  test('a second signal exits immediately', async () => {
    const { io, signals, exits } = world();
    const done = run(['serve', '--socket', path(), '--metrics', 'off', '--reporter', 'null'], io);
    await until('it listens', () => io.stderr.text.includes('listening'));
    signals.emit('signal', 'SIGTERM');
    signals.emit('signal', 'SIGTERM');
    expect(exits).toEqual([1]);
    await done;
  });

  test.each([
    [true, 'a person sees the account, so it exits with 0'],
    [false, 'it exits with 1'],
  ])('a closed stdout ends serve without draining; stderr is a terminal: %s, %s', async (isTTY) => {
    const { io } = world({ isTTY, env: { NO_COLOR: '1' } });
    const socket = path();
    io.stdout.write = ((_text: string, callback: (error: Error) => void) => {
      callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      return false;
    }) as typeof io.stdout.write;
    const done = run(['serve', '--socket', socket, '--metrics', 'off'], io);
    await until('it listens', () => io.stderr.text.includes('listening'));
    await sendAll(socket, [logsFrame(1), logsFrame(2, 1)]);
    expect(await done).toBe(isTTY ? 0 : 1);
    const account = isTTY ? '3 lost because the proxy was closed' : '"shutdown":{"batches":';
    expect(io.stderr.text).toContain(account);
    expect(io.stderr.text).not.toContain('EPIPE');
  });

  test.each([
    [['--no-retry'], 'dropping boundary logs', '"forward_failed":{"batches":1,"logs":1}'],
    [['--drain', '0'], 'the reporter is failing; retrying', '"shutdown":{"batches":1,"logs":1}'],
  ])(
    'any other failure of stdout is a warning; with %j the account of the batch is right',
    async (args, warning, account) => {
      const { io, signals } = world();
      const socket = path();
      io.stdout.write = ((_text: string, callback: (error: Error) => void) => {
        callback(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
        return false;
      }) as typeof io.stdout.write;
      const done = run(['serve', '--socket', socket, '--metrics', 'off', ...args], io);
      await until('it listens', () => io.stderr.text.includes('listening'));
      await sendAll(socket, [logsFrame(1)]);
      await until('the warning appears', () => io.stderr.text.includes('ENOSPC'));
      signals.emit('signal', 'SIGTERM');
      expect(await done).toBe(1);
      expect(io.stderr.text).toContain(warning);
      expect(io.stderr.text).toContain(account);
    },
  );

  test('a stdout that nobody reads does not keep the process alive: the rest is dropped', async () => {
    const { io, signals, exits } = world();
    const socket = path();
    io.stdout.write = (() => false) as typeof io.stdout.write;
    Object.defineProperty(io.stdout, 'writableLength', { value: 100 });
    const done = run(['serve', '--socket', socket, '--metrics', 'off', '--drain', '0'], io);
    await until('it listens', () => io.stderr.text.includes('listening'));
    await sendAll(socket, [logsFrame(1)]);
    signals.emit('signal', 'SIGTERM');
    expect(await done).toBe(1);
    expect(exits).toEqual([1]);
    expect(io.stderr.text).toContain('"shutdown":{"batches":1,"logs":1}');
  });

  test('a metrics address that does not belong to this machine is rejected', async () => {
    const { io } = world();
    expect(await run(['serve', '--socket', path(), '--metrics', '203.0.113.1:1'], io)).toBe(1);
    expect(io.stderr.text).toMatch(/^error: ERR_LISTEN_FAILED: cannot serve metrics on 203\.0\.113\.1:1 /);
  });
});

describe('send', () => {
  test('sends the events on stdin, and says how many', async () => {
    const received = world();
    const socket = path();
    const serving = run(['serve', '--socket', socket, '--metrics', 'off', '--format', 'logfmt'], received.io);
    await until('it listens', () => received.io.stderr.text.includes('listening'));
    const { io } = world({
      input: Buffer.from('{"decision":"allow","http_url":"https://example.com/"}\nnonsense\n'),
    });
    expect(await run(['send', '--socket', socket, '--session', 's', '--process', 'p'], io)).toBe(1);
    expect(io.stderr.text).toContain('sent 1 events, skipped 1');
    expect(await run(['send', '--socket', socket, '--sample', '5'], world().io)).toBe(0);
    await until('all have arrived', () => received.io.stdout.text.split('\n').length === 7);
    expect(received.io.stdout.text).toMatch(
      /session_id=s sequence_number=0 confined_process_name=p http_url=/,
    );
    received.signals.emit('signal', 'SIGTERM');
    await serving;
  });
});

describe('spool', () => {
  /** A spool with three batches of two logs. */
  async function filled(): Promise<string> {
    const folder = path();
    const { queue } = await openQueue(folder);
    await appendAll(
      queue,
      [0, 2, 4].map((first) => logBatch(2, first)),
    );
    await queue.close();
    return folder;
  }

  test('shows what is in it', async () => {
    const { io } = world();
    expect(await run(['spool', await filled()], io)).toBe(0);
    expect(io.stdout.text).toMatch(/^batches 3\nlogs 6\nbytes \d+\noldest \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  });

  test('--export writes its events, and leaves them there', async () => {
    const folder = await filled();
    const { io } = world();
    expect(await run(['spool', folder, '--export'], io)).toBe(0);
    const events = io.stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([0, 1, 2, 3, 4, 5]);
    const after = world();
    await run(['spool', folder], after.io);
    expect(after.io.stdout.text).toContain('batches 3\n');
  });

  test('an empty one has no oldest batch', async () => {
    const folder = path();
    await (await openQueue(folder)).queue.close();
    const { io } = world();
    expect(await run(['spool', folder], io)).toBe(0);
    expect(io.stdout.text).toBe('batches 0\nlogs 0\nbytes 0\noldest -\n');
  });

  test('that a proxy uses is shown, and not changed', async () => {
    const folder = await filled();
    const { queue } = await openQueue(folder);
    const { io } = world();
    expect(await run(['spool', folder], io)).toBe(0);
    expect(io.stdout.text).toContain('batches 3\n');
    for (const args of [['--repair'], ['--drop-before', '2100-01-01T00:00:00Z']]) {
      const changing = world();
      expect(await run(['spool', folder, ...args], changing.io)).toBe(1);
      expect(changing.io.stderr.text).toMatch(/^error: ERR_SPOOL_IN_USE: /);
    }
    expect(queue.size.batches).toBe(3);
  });

  test('--verify reads all, and tells damage by the exit code', async () => {
    const folder = await filled();
    const sound = world();
    expect(await run(['spool', folder, '--verify'], sound.io)).toBe(0);
    expect(sound.io.stdout.text).toBe('3 batches can be read\n');
    const log = `${folder}/${'0'.repeat(16)}.log`;
    const bytes = readFileSync(log);
    bytes[100] = (bytes[100] as number) ^ 1;
    writeFileSync(log, bytes);
    const damaged = world();
    expect(await run(['spool', folder, '--verify'], damaged.io)).toBe(1);
    expect(damaged.io.stdout.text).toBe('damaged ids 0 to 0: 1 batches, 2 logs\n2 batches can be read\n');
    const shown = world();
    await run(['spool', folder], shown.io);
    expect(shown.io.stdout.text).toMatch(
      /^batches 2\nlogs 4\n(.*\n){2}damaged ids 0 to 0: 1 batches, 2 logs\n$/,
    );
    const repaired = world();
    expect(await run(['spool', folder, '--repair'], repaired.io)).toBe(0);
    expect(repaired.io.stdout.text).toBe(
      'dropped 1 batches, 2 logs: ids 0 to 0 are damaged\nkept 2 batches, 4 logs\n',
    );
    const again = world();
    expect(await run(['spool', folder, '--verify'], again.io)).toBe(0);
    expect(again.io.stdout.text).toBe('2 batches can be read\n');
  });

  test('--drop-before drops what is old, and says how much', async () => {
    const folder = await filled();
    const before = world();
    expect(await run(['spool', folder, '--drop-before', '2020-01-01T00:00:00Z'], before.io)).toBe(0);
    expect(before.io.stdout.text).toBe(
      'dropped 0 batches, 0 logs: older than 2020-01-01T00:00:00.000Z\nkept 3 batches, 6 logs\n',
    );
    const all = world();
    expect(await run(['spool', folder, '--drop-before', '2100-01-01T00:00:00Z'], all.io)).toBe(0);
    expect(all.io.stdout.text).toBe(
      'dropped 3 batches, 6 logs: older than 2100-01-01T00:00:00.000Z\nkept 0 batches, 0 logs\n',
    );
    const shown = world();
    await run(['spool', folder], shown.io);
    expect(shown.io.stdout.text).toContain('batches 0\n');
  });

  test('--drop-before a time that is not one is wrong usage', async () => {
    const { io } = world();
    expect(await run(['spool', await filled(), '--drop-before', 'yesterday'], io)).toBe(2);
    expect(io.stderr.text).toContain('--drop-before: got "yesterday", expected a time');
  });

  test('that is not there is wrong usage', async () => {
    const { io } = world();
    expect(await run(['spool', path()], io)).toBe(2);
    expect(io.stderr.text).toMatch(/^error: ERR_INVALID_OPTION: DIR: got .*, expected the folder of a spool/);
  });

  test('whose reader goes away ends quietly', async () => {
    const { io } = world();
    io.stdout.write = ((_text: Uint8Array, callback: (error: Error) => void) => {
      const error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      io.stdout.destroy(error);
      callback(error);
      return false;
    }) as typeof io.stdout.write;
    expect(await run(['spool', await filled(), '--export'], io)).toBe(0);
    expect(io.stderr.text).toBe('');
  });
});

describe('decode', () => {
  const fixture = (name: string) =>
    readFileSync(new URL(`../../fixtures/vectors/${name}.bin`, import.meta.url));

  test.each([
    ['valid-mixed', [], 0, 8, 'status: the sender dropped 1 (channel full) and 0 (batch full)'],
    ['valid-mixed', ['--outcomes'], 0, 6, ''],
    ['env-unknown-member', ['-'], 0, 1, 'unknown variant'],
    ['bad-garbage', ['--format', 'logfmt'], 1, 1, 'skip: ERR_INVALID_PROTOBUF: '],
    ['frame-tag-3', [], 1, 0, 'close: ERR_UNSUPPORTED_TAG: '],
    ['frame-tag-3', ['--outcomes'], 1, 1, ''],
  ])('%s %j: exit code %d, %d lines', async (name, args, code, count, note) => {
    const { io } = world({ input: fixture(name) });
    expect(await run(['decode', ...args], io)).toBe(code);
    expect(io.stdout.text.split('\n').length - 1).toBe(count);
    expect(io.stderr.text).toContain(note);
  });

  test('a file that does not exist is wrong usage', async () => {
    const { io } = world();
    expect(await run(['decode', path()], io)).toBe(2);
    expect(io.stderr.text).toMatch(/^error: ERR_INVALID_OPTION: FILE: /);
  });

  test('ends quietly if its reader goes away', async () => {
    const { io } = world({ input: fixture('valid-mixed') });
    io.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    io.stdout.on('error', () => undefined);
    await run(['decode'], io);
    expect(io.stderr.text).not.toContain('EPIPE');
  });

  test.each([[['--format', 'logfmt']], [['--outcomes']]])(
    '%j: a batch that cannot be written is reported with its position, and the others are written',
    async (args) => {
      const input = Buffer.concat([logsFrame(1, 0), logsFrame(1, 1), logsFrame(1, 2)]);
      const { io } = world({ input });
      // No frame leads to such a batch.
      const { get } = Object.getOwnPropertyDescriptor(LogBatch.prototype, 'request') as PropertyDescriptor;
      const broken = jest.spyOn(LogBatch.prototype, 'request', 'get').mockImplementation(function (
        this: LogBatch,
      ) {
        const request = get?.call(this);
        if (request.logs[0].sequenceNumber === 1) throw new Error('unreadable');
        return request;
      });
      try {
        expect(await run(['decode', ...args], io)).toBe(1);
      } finally {
        broken.mockRestore();
      }
      expect(io.stdout.text.match(/example\.com\/\d/g)).toEqual(['example.com/0', 'example.com/2']);
      expect(io.stderr.text).toMatch(/^skipped frame 2: this batch cannot be .*: unreadable\n$/);
    },
  );

  test('a folder cannot be decoded', async () => {
    const { io } = world();
    expect(await run(['decode', '.'], io)).toBe(2);
    expect(io.stderr.text).toMatch(/^error: ERR_INVALID_OPTION: FILE: .*: it is a folder\n$/);
  });
});

const COLOR_VARIABLES: Io['env'][] = [
  {},
  { NO_COLOR: '1' },
  { NODE_DISABLE_COLORS: '1' },
  { TERM: 'dumb' },
  ...['', '0', '1', '2', '3', '4', 'true', 'false', 'always'].flatMap((FORCE_COLOR) => [
    { FORCE_COLOR },
    { FORCE_COLOR, NO_COLOR: '1' },
    { FORCE_COLOR, TERM: 'dumb' },
  ]),
];

test.each(COLOR_VARIABLES)('with the environment %j, a terminal has colours if Node says so', (env) => {
  const depth = WriteStream.prototype.getColorDepth({ TERM: 'xterm', ...env });
  expect(hasColor({ isTTY: true }, env)).toBe(depth > 1);
  // Only FORCE_COLOR can turn them on elsewhere.
  expect(hasColor({ isTTY: false }, env)).toBe(env.FORCE_COLOR !== undefined && depth > 1);
});

test('an empty NO_COLOR has no effect, as https://no-color.org says', () => {
  expect(hasColor({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
});

test.each([
  [['--version'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
  [['serve', '--help'], 0, /--spool-max-bytes <size>/, /^$/],
  [['nonsense'], 2, /^$/, /unknown command 'nonsense'/],
])('%j: exit code %d', async (args, code, stdout, stderr) => {
  const { io } = world();
  expect(await run(args, io)).toBe(code);
  expect(io.stdout.text).toMatch(stdout);
  expect(io.stderr.text).toMatch(stderr);
});
