import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { command, commandsHere } from '../../helpers/command.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { closingAccount, linesOf, logOf, metricsOf } from '../../helpers/served.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

/** The level of a warning in the log. */
const WARN = 40;

const start = commands();
const startHere = commandsHere();
const path = tempPaths();

/** Starts `serve` on a new socket, and waits until it listens. */
async function serve(...args: string[]) {
  const socket = path();
  const served = start(
    ['serve', '--socket', socket, '--metrics', '127.0.0.1:0', ...args.filter((arg) => arg !== '--unread')],
    {
      keepStdout: !args.includes('--unread'),
    },
  );
  await listening(served, socket);
  return { ...served, socket };
}

/** The same in this process, for what does not depend on a process. */
async function serveHere(...args: string[]) {
  const socket = path();
  const served = startHere(['serve', '--socket', socket, '--metrics', '127.0.0.1:0', ...args]);
  await listening(served, socket);
  return { ...served, socket };
}

describe('serve and send', () => {
  test('20 sample events appear on stdout, and the metrics agree', async () => {
    const served = await serve();
    const sent = start(['send', '--socket', served.socket, '--sample', '20']);
    expect(await sent.ended).toBe(0);
    expect(sent.stderr()).toBe('sent 20 events\n');
    await until('20 lines have arrived', () => linesOf(served.stdout()).length === 20);
    const events = linesOf(served.stdout()).map((line) => JSON.parse(line));
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    expect(new Set(events.map(({ msg }) => msg))).toEqual(new Set(['boundary_request']));
    expect(await metricsOf(served)).toMatch(/^agent_boundary_log_proxy_logs_received_total 20$/m);
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
    expect(closingAccount(served)).toMatchObject({
      received: { batches: 2, logs: 20 },
      forwarded: { logs: 20 },
    });
    expect(existsSync(served.socket)).toBe(false);
  });

  test.each([
    ['with WebAssembly', {}, 1],
    ['without WebAssembly, which one warning and a metric say', { NODE_OPTIONS: '--jitless' }, 0],
  ])('%s', async (_name, env, enabled) => {
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', '127.0.0.1:0'], { env });
    await listening(served, socket);
    const event = { decision: 'allow', session_id: 'a', sequence_number: 0, http_url: 'https://ü.example/"' };
    const sent = start(['send', '--socket', socket]);
    sent.child.stdin.end(JSON.stringify(event));
    expect(await sent.ended).toBe(0);
    await until('a line has arrived', () => served.stdout().endsWith('\n'));
    expect(JSON.parse(served.stdout())).toMatchObject({ msg: 'boundary_request', ...event });
    expect(await metricsOf(served)).toContain(`\nagent_boundary_log_proxy_wasm_enabled ${enabled}\n`);
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
    const warnings = logOf(served).filter(({ level }) => level === WARN);
    expect(warnings.map(({ msg, err }) => [msg, err.message])).toEqual(
      enabled
        ? []
        : [
            [
              'WebAssembly is not available: JavaScript does its work, and takes more CPU',
              'WebAssembly is not defined',
            ],
          ],
    );
  });

  test('events on stdin arrive unchanged; a line that is not a valid event is reported and skipped', async () => {
    const served = await serve();
    const event = {
      decision: 'deny',
      session_id: '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77',
      sequence_number: 41,
      confined_process_name: 'claude-code',
      http_method: 'POST',
      http_url: 'https://example.com/?q="ü"',
      event_time: '2026-03-03T19:42:34.123456789Z',
    };
    const sent = start(['send', '--socket', served.socket]);
    sent.child.stdin.end(`${JSON.stringify(event)}\n\nnonsense\n{"decision":"perhaps"}\n`);
    expect(await sent.ended).toBe(1);
    expect(linesOf(sent.stderr())).toEqual([
      expect.stringMatching(/^line 3: not valid JSON/),
      expect.stringMatching(/^line 4: decision: got "perhaps", expected allow or deny$/),
      'sent 1 events, skipped 2',
    ]);
    await until('it has arrived', () => linesOf(served.stdout()).length === 1);
    expect(JSON.parse(served.stdout())).toMatchObject({ msg: 'boundary_request', ...event });
  });

  test('send without a proxy fails with a message that says what is missing', async () => {
    const sent = start(['send', '--socket', path(), '--sample', '1']);
    expect(await sent.ended).toBe(1);
    expect(sent.stderr()).toMatch(
      /^sent 0 events\nerror: ERR_SEND_FAILED: cannot send to .*Does a proxy listen on it\?\n$/,
    );
  });
});

describe('serve', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s: drains the buffer and exits with 0', async (signal) => {
    const served = await serve();
    const socket = await connectTo(served.socket);
    for (let i = 0; i < 50; i++) socket.write(logsFrame(2, 2 * i));
    await until('the first one has arrived', () => served.stdout() !== '');
    served.child.kill(signal);
    expect(await served.ended).toBe(0);
    expect(linesOf(served.stdout())).toHaveLength(100);
    expect(closingAccount(served)).toMatchObject({ forwarded: { batches: 50, logs: 100 } });
  });

  test('a second signal ends the process immediately', async () => {
    const served = await serve('--unread');
    const socket = await connectTo(served.socket);
    const frame = logsFrame(100);
    // Nobody reads its stdout, so it cannot drain.
    for (let i = 0; i < 50; i++) socket.write(frame);
    await until('the pipe is full', async () => /buffer_batches [1-9]/.test(await metricsOf(served)));
    served.child.kill('SIGTERM');
    await until('it is closing', () => served.stderr().includes('closing'));
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(1);
  });

  test('with a slow reader of stdout the buffer fills, and drops are counted', async () => {
    const served = await serve('--unread', '--buffer', '10');
    const frame = logsFrame(100);
    await sendAll(
      served.socket,
      Array.from({ length: 100 }, () => frame),
    );
    await until('everything was received', async () =>
      /batches_received_total 100$/m.test(await metricsOf(served)),
    );
    const metrics = await metricsOf(served);
    expect(metrics).toMatch(/buffer_batches 10$/m);
    expect(metrics).toMatch(/batches_dropped_total{reason="buffer_full"} [1-9]/);
    // When the reader continues, it gets everything that was buffered.
    let text = '';
    served.child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    await until('the buffer is empty', async () => /buffer_batches 0$/m.test(await metricsOf(served)));
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
    const { forwarded, dropped } = closingAccount(served);
    expect(linesOf(text)).toHaveLength(forwarded.logs);
    expect(forwarded.batches + dropped.buffer_full.batches).toBe(100);
  });

  test('when stdout is closed (`| head -1`), serve logs its closing account and exits quietly with 1', async () => {
    const served = await serve('--unread');
    const socket = await connectTo(served.socket);
    socket.write(logsFrame(1));
    const [first] = await once(served.child.stdout, 'data');
    expect(String(first)).toContain('boundary_request');
    served.child.stdout.destroy();
    const more = setInterval(() => socket.write(logsFrame(1)), 5);
    expect(await served.ended).toBe(1);
    clearInterval(more);
    const { received, forwarded, dropped } = closingAccount(served);
    expect(received.batches).toBe(forwarded.batches + dropped.shutdown.batches);
    expect(logOf(served).every(({ level }) => level <= 30)).toBe(true);
    expect(served.stderr()).not.toMatch(/EPIPE|at .*\.js/);
  });

  test('--reporter null counts the logs and discards them', async () => {
    const served = await serveHere('--reporter', 'null');
    await sendAll(served.socket, [logsFrame(3)]);
    await until('it is counted', async () => /batches_forwarded_total 1$/m.test(await metricsOf(served)));
    expect(served.stdout()).toBe('');
  });

  test.each([
    ['json', /^\{"msg":"boundary_request","decision":"allow"/],
    ['auto', /^\{"msg":"boundary_request","decision":"allow"/],
    ['logfmt', /^msg=boundary_request decision=allow /],
    ['pretty', /^19:42:34\.12 {2}allow GET {5}https:\/\/example\.com\/0 /],
  ])('--format %s', async (format, line) => {
    const served = await serveHere('--format', format);
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it has arrived', () => served.stdout() !== '');
    expect(served.stdout()).toMatch(line);
  });

  test('serves /healthz, and nothing else', async () => {
    const served = await serveHere();
    const { url } = logOf(served).find(({ msg }) => msg === 'serving metrics');
    const statuses: number[] = [];
    for (const where of ['/healthz', '/metrics?x', '/']) {
      const [response] = await once(get(new URL(where, url)), 'response');
      statuses.push(response.statusCode);
      response.resume();
    }
    expect(statuses).toEqual([200, 200, 404]);
  });
});

describe('serve and its addresses', () => {
  test('a socket that another proxy uses is rejected', async () => {
    const served = await serve();
    const second = start(['serve', '--socket', served.socket, '--metrics', 'off']);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toMatch(/^error: ERR_SOCKET_IN_USE: a proxy is already running with the socket /);
    await sendAll(served.socket, [logsFrame(1)]);
    await until('the first one still serves', () => served.stdout() !== '');
  });

  test('the socket of a killed server is replaced', async () => {
    const served = await serve();
    served.child.kill('SIGKILL');
    await served.ended;
    expect(existsSync(served.socket)).toBe(true);
    const second = start(['serve', '--socket', served.socket, '--metrics', 'off']);
    await listening(second, served.socket);
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it serves', () => second.stdout() !== '');
  });

  test('a regular file at the path is rejected and left alone', async () => {
    const file = path();
    writeFileSync(file, 'precious');
    const served = startHere(['serve', '--socket', file, '--metrics', 'off']);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toMatch(/^error: ERR_NOT_A_SOCKET: /);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  test('a socket in a folder that does not exist is rejected', async () => {
    const socket = join(path(), 'socket');
    const served = startHere(['serve', '--socket', socket, '--metrics', 'off']);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toContain(socket);
    expect(served.stderr()).toMatch(/^error: ERR_LISTEN_FAILED: /);
  });

  test('a metrics address that is in use is rejected, with a message that says how to choose another', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const socket = path();
    const served = startHere(['serve', '--socket', socket, '--metrics', address]);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toMatch(/^error: ERR_ADDRESS_IN_USE: /);
    expect(served.stderr()).toContain(address);
    expect(served.stderr()).toContain('--metrics');
    expect(existsSync(socket)).toBe(false);
    other.close();
  });
});

describe('decode', () => {
  const fixture = (name: string) =>
    fileURLToPath(new URL(`../../fixtures/vectors/${name}.bin`, import.meta.url));

  test('--outcomes writes what the vectors record', async () => {
    const vector = vectors.find(({ name }) => name === 'valid-mixed');
    const decoded = startHere(['decode', '--outcomes', fixture('valid-mixed')]);
    expect(await decoded.ended).toBe(0);
    const outcomes = linesOf(decoded.stdout()).map((line) => JSON.parse(line));
    expect(outcomes.map(({ raw_hex: _, ...rest }) => rest)).toEqual(
      vector?.outcomes.map(({ hex: _, ...rest }) => rest),
    );
  });

  test('reads stdin, and ends quietly if `| head -1` cuts its output off', async () => {
    const decoded = start(['decode'], { keepStdout: false });
    const frame = logsFrame(100);
    const feeding = setInterval(() => decoded.child.stdin.write(frame), 1);
    await once(decoded.child.stdout, 'data');
    decoded.child.stdout.destroy();
    expect(await decoded.ended).toBe(0);
    clearInterval(feeding);
    expect(decoded.stderr()).toBe('');
  });

  test('fails if a capture cannot be read to its end, after writing what could be read', async () => {
    const decoded = startHere(['decode', '--format', 'logfmt', fixture('frame-tag-unknown-after-good')]);
    expect(await decoded.ended).toBe(1);
    expect(linesOf(decoded.stdout())).toHaveLength(1);
    expect(decoded.stderr()).toMatch(/^close: ERR_UNSUPPORTED_TAG: /);
  });

  test('a file that does not exist is wrong usage', async () => {
    const decoded = startHere(['decode', path()]);
    expect(await decoded.ended).toBe(2);
    expect(decoded.stderr()).toMatch(/^error: ERR_INVALID_OPTION: FILE: got .*, expected a file/);
  });
});

test.each([
  [[], 2, 'Usage: boundary-log-proxy'],
  [['--help'], 0, ''],
  [['--version'], 0, ''],
  [['serve', '--help'], 0, ''],
  [['nonsense'], 2, "unknown command 'nonsense'"],
  [['serve', '--nonsense'], 2, "unknown option '--nonsense'"],
  [
    ['serve', '--buffer', 'many'],
    2,
    'ERR_INVALID_OPTION: --buffer: got "many", expected a whole number of at least 1',
  ],
])('exit code of %j: %d', async (args, code, message) => {
  const ran = await command(args);
  expect(ran.code).toBe(code);
  expect(ran.errors).toContain(message);
});

test('--max-connections, --frame-timeout, --idle-timeout and --fair-share limit each sender', async () => {
  const served = await serveHere(
    ...['--max-connections', '2', '--frame-timeout', '1', '--idle-timeout', '2', '--fair-share'],
  );
  const cut = await connectTo(served.socket);
  cut.write(logsFrame(1).subarray(0, 20));
  const silent = await connectTo(served.socket);
  const excess = await connectTo(served.socket);
  // The order of their ends, whatever the machine does meanwhile.
  const ended: string[] = [];
  const end = (name: string, socket: Socket) => {
    socket.resume().on('close', () => ended.push(name));
  };
  end('excess', excess);
  end('cut', cut);
  end('silent', silent);
  await until('all are closed', () => ended.length === 3);
  expect(ended).toEqual(['excess', 'cut', 'silent']);
  const metrics = await metricsOf(served);
  for (const line of [
    'connections_max 2',
    'connections_rejected_total{reason="max_connections"} 1',
    'connections_idle_total 1',
    'frames_rejected_total{reason="frame_timeout"} 1',
  ]) {
    expect(metrics).toContain(`agent_boundary_log_proxy_${line}\n`);
  }
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
});
