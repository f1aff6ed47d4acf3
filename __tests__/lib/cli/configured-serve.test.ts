import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { commandsHere } from '../../helpers/command.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening, type StartOptions } from '../../helpers/processes.js';
import { logOf } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempFolder, tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

/** These tests start many processes, each of which takes a second on a busy machine. */
jest.setTimeout(60_000);

const path = tempPaths();
const folder = tempFolder();
const start = commands();
const startHere = commandsHere();

/** Without the variables of a Coder workspace or a Kubernetes pod in which the tests may run. */
const PLAIN = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^(CODER_AGENT|BOUNDARY_LOG_PROXY)_/.test(name))
    .map((name) => [name, undefined]),
);

function fileWith(text: string): string {
  const file = path();
  writeFileSync(file, text);
  return file;
}

async function run(args: string[], options: StartOptions = {}) {
  const { ended, stdout, stderr } = start(args, { ...options, env: { ...PLAIN, ...options.env } });
  const code = await ended;
  return { code, stdout: stdout(), stderr: stderr() };
}

/** The same in this process. Jest replaces `Error`, so that errors of the file system need a process. */
async function runHere(args: string[], env: Readonly<Record<string, string>> = {}) {
  const { ended, stdout, stderr } = startHere(args, { env });
  const code = await ended;
  return { code, stdout: stdout(), stderr: stderr() };
}

const VALID = { code: 0, stdout: 'the options are valid\n', stderr: '' };

describe('serve --check', () => {
  test.each<[string, file: string | undefined, env: object, flags: string[]]>([
    ['nothing', undefined, {}, []],
    ['a file', 'buffer: 5\nsocket-mode: 0660\nreporter: null\n', {}, []],
    ['a file that a variable names', undefined, { BOUNDARY_LOG_PROXY_CONFIG: 'FILE' }, []],
    [
      'variables',
      undefined,
      { BOUNDARY_LOG_PROXY_SPOOL: '/x', BOUNDARY_LOG_PROXY_SPOOL_MAX_BYTES: '1GiB' },
      [],
    ],
    [
      'variables for other programs',
      undefined,
      { CODER_AGENT_URL: 'nonsense', CODER_AGENT_TOKEN: 'a b' },
      [],
    ],
    ['Coder', 'reporter: coder\n', { CODER_AGENT_URL: 'https://c', CODER_AGENT_TOKEN: 'x' }, []],
  ])('accepts %s', async (_what, text, env, flags) => {
    const file = fileWith(text ?? '# nothing');
    const named = JSON.parse(JSON.stringify(env).replace('FILE', file));
    const args = ['serve', '--check', ...(text === undefined ? [] : ['--config', file]), ...flags];
    expect(await runHere(args, named)).toEqual(VALID);
  });

  test('neither listens nor writes nor connects', async () => {
    const [socket, spool] = [join(folder, 'socket'), join(folder, 'spool')];
    expect(await runHere(['serve', '--check', '--socket', socket, '--spool', spool])).toEqual(VALID);
    expect(readdirSync(folder)).toEqual([]);
    // It does not matter that a proxy already uses the same addresses.
    const served = startHere(['serve', '--socket', socket, '--metrics', '127.0.0.1:0']);
    await listening(served, socket);
    expect(await runHere(['serve', '--check', '--socket', socket])).toEqual(VALID);
  });

  test('says everything that is wrong, by the names that the user wrote, and exits with 2', async () => {
    const file = fileWith('# comment\nbufer: 5\ndrain: soon\n');
    const env = { BOUNDARY_LOG_PROXY_SPOOL_SYNC: '1', BOUNDARY_LOG_PROXY_PORT: 'tcp://10.0.0.1:9465' };
    expect(await runHere(['serve', '--check', '--config', file, '--frame-timeout', 'never'], env)).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        `${file}:2: unknown option bufer: did you mean buffer?`,
        `${file}:3: drain: got "soon", expected a whole number from 0 to 86400`,
        'BOUNDARY_LOG_PROXY_SPOOL_SYNC: got "1", expected true or false',
        '--frame-timeout: got "never", expected a whole number from 1 to 86400, or off',
        '',
      ]
        .map((line) => line && `error: ERR_INVALID_OPTION: ${line}`)
        .join('\n'),
    });
  });

  test.each<[string, file: string, env: object, flags: string[], ...messages: string[]]>([
    [
      'options that need others',
      'spool-sync: true',
      {},
      ['--format', 'json', '--reporter', 'null'],
      '--format has no effect with --reporter null',
      '/FILE:1: spool-sync has no effect without spool',
    ],
    [
      'Coder without address and token',
      'reporter: coder',
      {},
      [],
      '/FILE:1: reporter coder needs the URL of Coder: set coder-url, or CODER_AGENT_URL in the environment',
      '/FILE:1: reporter coder needs the agent token: set coder-token-file, or CODER_AGENT_TOKEN or CODER_AGENT_TOKEN_FILE in the environment',
    ],
    [
      'the same as a flag',
      '#',
      {},
      ['--reporter', 'coder'],
      '--reporter coder needs the URL of Coder: set --coder-url, or CODER_AGENT_URL in the environment',
      '--reporter coder needs the agent token: set --coder-token-file, or CODER_AGENT_TOKEN or CODER_AGENT_TOKEN_FILE in the environment',
    ],
    [
      'a token that is none',
      '#',
      { CODER_AGENT_URL: 'https://c', CODER_AGENT_TOKEN: 'sec ret' },
      ['--reporter', 'coder'],
      'CODER_AGENT_TOKEN: got a text that is not a valid token (not shown here), expected the agent token',
    ],
    [
      'a token instead of its file',
      'reporter: coder\ncoder-url: https://c\ncoder-token-file: f00d5ecret',
      {},
      [],
      '/FILE:3: coder-token-file: the file with the agent token cannot be read (ENOENT): correct its path or its permissions',
    ],
    [
      'a group that does not exist',
      'socket-group: no-such-group',
      {},
      [],
      '/FILE:1: socket-group: got "no-such-group", expected the name of a group in /etc/group, or the number of a group',
    ],
    [
      'the same as a variable',
      '#',
      { BOUNDARY_LOG_PROXY_SOCKET_GROUP: 'no-such-group' },
      [],
      'BOUNDARY_LOG_PROXY_SOCKET_GROUP: got "no-such-group", expected the name of a group in /etc/group, or the number of a group',
    ],
    [
      'a URL with a password',
      'reporter: coder\ncoder-url: https://u:f00d5ecret@c',
      { CODER_AGENT_TOKEN: 'x' },
      [],
      '/FILE:2: coder-url: got a value that is not shown here, expected an http or https URL without user, query and fragment, such as https://coder.example.com',
    ],
  ])('rejects %s', async (_what, text, env, flags, ...messages) => {
    const file = fileWith(text);
    const { code, stdout, stderr } = await run(['serve', '--check', '--config', file, ...flags], { env });
    expect(stderr.replaceAll(file, '/FILE')).toBe(
      messages.map((message) => `error: ERR_INVALID_OPTION: ${message}\n`).join(''),
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toMatch(/f00d5ecret|sec ret/);
  });

  test('warns about unknown variables, and accepts them', async () => {
    const env = { BOUNDARY_LOG_PROXY_PORT: 'tcp://10.0.0.1:1', BOUNDARY_LOG_PROXY_SPOLL: '/x' };
    const { code, stderr } = await runHere(['serve', '--check'], env);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: BOUNDARY_LOG_PROXY_PORT is not an option; Kubernetes sets it for a Service, .*\n/,
    );
    expect(stderr).toMatch(
      /\nwarning: unknown variable BOUNDARY_LOG_PROXY_SPOLL: did you mean BOUNDARY_LOG_PROXY_SPOOL\?\n$/,
    );
  });
});

describe('serve', () => {
  test('--help says how to set options elsewhere, and which only the file has', async () => {
    const { code, stdout } = await runHere(['serve', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('BOUNDARY_LOG_PROXY_SPOOL_MAX_BYTES=1GiB');
    expect(stdout).toMatch(/only in the file:\n {2}buffer-bytes\n/);
    expect(stdout).not.toMatch(/--(no-spool-sync|retry|buffer-bytes)(?![\w-])/);
  });

  test('does what the file, the variables and the flags say, and logs what it ignores', async () => {
    const [socket, spool] = [path(), path()];
    const file = fileWith(
      `socket: ${socket}\nsocket-mode: 0600\nmetrics: off\nformat: json\nspool: ${spool}\n`,
    );
    const env = {
      ...PLAIN,
      BOUNDARY_LOG_PROXY_FORMAT: 'logfmt',
      BOUNDARY_LOG_PROXY_SERVICE_HOST: '10.0.0.1',
    };
    const served = start(['serve', '--config', file, '--log-level', 'debug'], { env });
    await listening(served, socket);
    await sendAll(socket, [logsFrame(1)]);
    await until('the event has arrived', () => served.stdout().endsWith('\n'));
    expect(served.stdout()).toMatch(/^msg=boundary_request decision=allow /);
    expect(existsSync(spool)).toBe(true);
    expect(logOf(served)[0]).toMatchObject({
      level: 40,
      msg: 'parts of the configuration are ignored or unsafe',
      warnings: [expect.stringContaining('BOUNDARY_LOG_PROXY_SERVICE_HOST is not an option')],
    });
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
  });

  test.each<[string, string[], RegExp]>([
    ['a flag', ['--spol', '/x'], /^error: unknown option '--spol'\n\(Did you mean --spool\?\)/],
    [
      'a file that is missing',
      ['--config', '/does/not/exist'],
      /^error: ERR_INVALID_OPTION: --config: the file \/does\/not\/exist cannot be read \(ENOENT/,
    ],
    ['a file without a name', ['--config'], /^error: option '--config <file>' argument missing/],
  ])('rejects %s', async (_what, flags, message) => {
    const { code, stdout, stderr } = await run(['serve', ...flags]);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  // Without root, no process can become another user.
  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot('rejects a file that it may not read', async () => {
    const file = fileWith('buffer: 5');
    const through = [
      'sh',
      '-c',
      `chmod 600 "${file}" && exec setpriv --reuid=65534 --clear-groups "$@"`,
      'sh',
    ];
    const { code, stderr } = await run(['serve', '--check', '--config', file], { through });
    expect(stderr).toMatch(
      /^error: ERR_INVALID_OPTION: --config: the file \/\S+ cannot be read \(EACCES: permission denied/,
    );
    expect(code).toBe(2);
  });
});

describe('a second serve', () => {
  let socket: string;
  let address: string;

  beforeEach(async () => {
    socket = path();
    const served = startHere(['serve', '--socket', socket, '--metrics', '127.0.0.1:0']);
    await listening(served, socket);
    const { url } = logOf(served).find(({ msg }) => msg === 'serving metrics');
    address = new URL(url).host;
  });

  test.each<[string, () => string[], code: string]>([
    ['the same addresses', () => ['--socket', socket, '--metrics', address], 'ERR_SOCKET_IN_USE'],
    ['the same socket', () => ['--socket', socket, '--metrics', 'off'], 'ERR_SOCKET_IN_USE'],
    ['the same metrics address', () => ['--socket', path(), '--metrics', address], 'ERR_ADDRESS_IN_USE'],
  ])('with %s says that a proxy is already running, with its socket', async (_what, args, code) => {
    const second = await run(['serve', ...args()]);
    expect(second.stderr).toMatch(`error: ${code}: a proxy is already running with the socket ${socket},`);
    expect(second.code).toBe(1);
  });
});
