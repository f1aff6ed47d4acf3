import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

const start = commands();
const path = tempPaths();

/** A `serve` that is ready, on a socket of its own. */
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

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const logOf = (served: Running) => lines(served.stderr()).map((line) => JSON.parse(line));
const closingAccount = (served: Running) => logOf(served).find(({ msg }) => msg === 'closed');

async function metricsOf(served: Running): Promise<string> {
  const { url } = logOf(served).find(({ msg }) => msg === 'serving metrics');
  const [response] = await once(get(url), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

describe('serve and send', () => {
  test('20 sample events come out on stdout, and the metrics agree', async () => {
    const served = await serve();
    const sent = start(['send', '--socket', served.socket, '--sample', '20']);
    expect(await sent.ended).toBe(0);
    expect(sent.stderr()).toBe('sent 20 events\n');
    await until('20 lines are here', () => lines(served.stdout()).length === 20);
    const events = lines(served.stdout()).map((line) => JSON.parse(line));
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

  test('the same where there is no WebAssembly, in more time', async () => {
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', 'off'], {
      env: { NODE_OPTIONS: '--jitless' },
    });
    await listening(served, socket);
    const event = { decision: 'allow', session_id: 'a', sequence_number: 0, http_url: 'https://ü.example/"' };
    const sent = start(['send', '--socket', socket]);
    sent.child.stdin.end(JSON.stringify(event));
    expect(await sent.ended).toBe(0);
    await until('a line is here', () => served.stdout().endsWith('\n'));
    expect(JSON.parse(served.stdout())).toMatchObject({ msg: 'boundary_request', ...event });
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
  });

  test('events on stdin arrive as they were; a line that is none is named, and left out', async () => {
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
    expect(lines(sent.stderr())).toEqual([
      expect.stringMatching(/^event 2: no JSON/),
      expect.stringMatching(/^event 3: decision: got "perhaps", takes allow or deny$/),
      'sent 1 events, left out 2',
    ]);
    await until('it is here', () => lines(served.stdout()).length === 1);
    expect(JSON.parse(served.stdout())).toMatchObject({ msg: 'boundary_request', ...event });
  });

  test('without a proxy, send says what is missing', async () => {
    const sent = start(['send', '--socket', path(), '--sample', '1']);
    expect(await sent.ended).toBe(1);
    expect(sent.stderr()).toMatch(/^error: ERR_SEND_FAILED: cannot send to .*Does a proxy listen on it\?\n$/);
  });
});

describe('serve', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s: drains what is there, and ends with 0', async (signal) => {
    const served = await serve();
    const socket = await connectTo(served.socket);
    for (let i = 0; i < 50; i++) socket.write(logsFrame(2, 2 * i));
    await until('the first one is here', () => served.stdout() !== '');
    served.child.kill(signal);
    expect(await served.ended).toBe(0);
    expect(lines(served.stdout())).toHaveLength(100);
    expect(closingAccount(served)).toMatchObject({ forwarded: { batches: 50, logs: 100 } });
  });

  test('a second signal ends it at once', async () => {
    const served = await serve('--unread');
    const socket = await connectTo(served.socket);
    const frame = logsFrame(100);
    // Nobody reads its stdout: it cannot drain.
    for (let i = 0; i < 50; i++) socket.write(frame);
    await until('the pipe is full', async () => /buffer_batches [1-9]/.test(await metricsOf(served)));
    served.child.kill('SIGTERM');
    await until('it is closing', () => served.stderr().includes('closing'));
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(1);
  });

  test('a slow reader of stdout: the buffer fills, and drops are counted', async () => {
    const served = await serve('--unread', '--buffer', '10');
    const frame = logsFrame(100);
    await sendAll(
      served.socket,
      Array.from({ length: 100 }, () => frame),
    );
    await until('all came in', async () => /batches_received_total 100$/m.test(await metricsOf(served)));
    const metrics = await metricsOf(served);
    expect(metrics).toMatch(/buffer_batches 10$/m);
    expect(metrics).toMatch(/batches_dropped_total{reason="buffer_full"} [1-9]/);
    // Once it reads on, all that was kept comes.
    let text = '';
    served.child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    await until('the buffer is empty', async () => /buffer_batches 0$/m.test(await metricsOf(served)));
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
    const { forwarded, dropped } = closingAccount(served);
    expect(lines(text)).toHaveLength(forwarded.logs);
    expect(forwarded.batches + dropped.buffer_full.batches).toBe(100);
  });

  test('stdout is closed (`| head -1`): it ends quietly with 0, after its closing account', async () => {
    const served = await serve('--unread');
    const socket = await connectTo(served.socket);
    socket.write(logsFrame(1));
    const [first] = await once(served.child.stdout, 'data');
    expect(String(first)).toContain('boundary_request');
    served.child.stdout.destroy();
    const more = setInterval(() => socket.write(logsFrame(1)), 5);
    expect(await served.ended).toBe(0);
    clearInterval(more);
    const { received, forwarded, dropped } = closingAccount(served);
    expect(received.batches).toBe(forwarded.batches + dropped.shutdown.batches);
    expect(logOf(served).every(({ level }) => level <= 30)).toBe(true);
    expect(served.stderr()).not.toMatch(/EPIPE|at .*\.js/);
  });

  test('--reporter null counts and forgets', async () => {
    const served = await serve('--reporter', 'null');
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
    const served = await serve('--format', format);
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it is here', () => served.stdout() !== '');
    expect(served.stdout()).toMatch(line);
  });

  test('serves /healthz, and nothing else', async () => {
    const served = await serve();
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

describe('serve refuses', () => {
  test('a socket that a live server holds', async () => {
    const served = await serve();
    const second = start(['serve', '--socket', served.socket, '--metrics', 'off']);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toMatch(/^error: ERR_SOCKET_IN_USE: .*another server answers/);
    await sendAll(served.socket, [logsFrame(1)]);
    await until('the first one still serves', () => served.stdout() !== '');
  });

  test('not a socket that a killed server left', async () => {
    const served = await serve();
    served.child.kill('SIGKILL');
    await served.ended;
    expect(existsSync(served.socket)).toBe(true);
    const second = start(['serve', '--socket', served.socket, '--metrics', 'off']);
    await listening(second, served.socket);
    await sendAll(served.socket, [logsFrame(1)]);
    await until('it serves', () => second.stdout() !== '');
  });

  test('a regular file, which it leaves alone', async () => {
    const file = path();
    writeFileSync(file, 'precious');
    const served = start(['serve', '--socket', file, '--metrics', 'off']);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toMatch(/^error: ERR_NOT_A_SOCKET: /);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  test('a folder that does not exist', async () => {
    const socket = join(path(), 'socket');
    const served = start(['serve', '--socket', socket, '--metrics', 'off']);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toContain(socket);
    expect(served.stderr()).toMatch(/^error: ERR_LISTEN_FAILED: /);
  });

  test('a metrics address that is taken, and says how to choose another', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', address]);
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
    const decoded = start(['decode', '--outcomes', fixture('valid-mixed')]);
    expect(await decoded.ended).toBe(0);
    const outcomes = lines(decoded.stdout()).map((line) => JSON.parse(line));
    expect(outcomes.map(({ raw_hex: _, ...rest }) => rest)).toEqual(
      vector?.outcomes.map(({ hex: _, ...rest }) => rest),
    );
  });

  test('reads stdin, and its output may be cut off by `| head -1`', async () => {
    const decoded = start(['decode'], { keepStdout: false });
    const frame = logsFrame(100);
    const feeding = setInterval(() => decoded.child.stdin.write(frame), 1);
    await once(decoded.child.stdout, 'data');
    decoded.child.stdout.destroy();
    expect(await decoded.ended).toBe(0);
    clearInterval(feeding);
    expect(decoded.stderr()).toBe('');
  });

  test('a capture that cannot be read to its end is a failure, after what could be read', async () => {
    const decoded = start(['decode', '--format', 'logfmt', fixture('frame-tag-unknown-after-good')]);
    expect(await decoded.ended).toBe(1);
    expect(lines(decoded.stdout())).toHaveLength(1);
    expect(decoded.stderr()).toMatch(/^close: ERR_UNSUPPORTED_TAG: /);
  });

  test('a file that is not there is wrong usage', async () => {
    const decoded = start(['decode', path()]);
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
  const ran = start(args);
  expect(await ran.ended).toBe(code);
  expect(ran.stderr()).toContain(message);
});
