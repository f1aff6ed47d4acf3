import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { decodeMessage, encodeFrame, encodeLogs, encodeStatus, FrameDecoder } from '../codec/index.js';
import { type BoundaryEvent, eventsOf } from '../lib/text/event.js';

const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url));
/** A program that runs longer is killed, and its test fails because its output is incomplete. */
const DEADLINE_MS = 20_000;
jest.setTimeout(DEADLINE_MS + 10_000);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'examples-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs an example until it ends. */
async function run(example: string, args: string[] = [], input = '') {
  const running = promisify(execFile)(process.execPath, [join(EXAMPLES, example), ...args], {
    timeout: DEADLINE_MS,
  });
  running.child.stdin?.end(input);
  const { stdout, stderr } = await running.catch((error) => error);
  return { code: running.child.exitCode, stdout: String(stdout), stderr: String(stderr) };
}

/** Starts an example that runs until it receives a signal. */
function start(example: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(EXAMPLES, example), ...args], {
    timeout: DEADLINE_MS,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** The next `n` lines of stdout, or fewer if the program ends before. */
  const take = async (n: number): Promise<string[]> => {
    const taken: string[] = [];
    while (taken.length < n) {
      const { value, done } = await lines.next();
      if (done) break;
      taken.push(value);
    }
    return taken;
  };
  return { child, take };
}

const deny = (url: string) => encodeLogs({ logs: [{ allowed: false, httpRequest: { method: 'GET', url } }] });
const denied = (url: string) => `msg=boundary_request decision=deny http_method=GET http_url=${url}`;

function eventsIn(bytes: Buffer): BoundaryEvent[] {
  return new FrameDecoder().decode(bytes).flatMap((item) => {
    if ('error' in item) throw item.error;
    const outcome = decodeMessage(item);
    if (outcome.kind !== 'logs') throw new Error(`got ${outcome.kind}`);
    return eventsOf(outcome);
  });
}

test('each example has tests here', () => {
  const programs = readdirSync(EXAMPLES).filter((file) => file.endsWith('.js'));
  expect(programs).toEqual([
    'capture-to-ndjson.js',
    'custom-protocol.js',
    'custom-sink.js',
    'ndjson-to-socket.js',
  ]);
});

describe('custom-sink.js', () => {
  test('reports a fatal header by its code, and its sink then serves the next connection', async () => {
    const socketPath = join(folder, 'custom.sock');
    const { child, take } = start('custom-sink.js', socketPath);
    expect(await take(1)).toEqual(['listening']);

    const broken = connect(socketPath);
    broken.write(
      Buffer.concat([
        deny('https://a.example/'),
        encodeFrame(2, Buffer.from([0xff])),
        encodeStatus({ droppedChannelFull: 3 }),
        deny('https://b.example/'),
        encodeFrame(9, Buffer.alloc(0)),
      ]),
    );
    await once(broken.resume(), 'close');
    const lines = await take(5);
    // The sink writes asynchronously, so its lines may appear anywhere between the others.
    expect(lines.sort()).toEqual(
      [
        denied('https://a.example/'),
        'skipped ERR_INVALID_PROTOBUF',
        'sender dropped 3',
        denied('https://b.example/'),
        'failed ERR_UNSUPPORTED_TAG',
      ].sort(),
    );

    connect(socketPath).end(deny('https://c.example/'));
    expect((await take(2)).sort()).toEqual(['ended', denied('https://c.example/')].sort());

    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(socketPath)).toBe(false);
  });
});

describe('capture-to-ndjson.js', () => {
  test('prints one line per event', async () => {
    const file = join(folder, 'good.bin');
    writeFileSync(file, Buffer.concat([deny('https://a.example/'), deny('https://b.example/')]));
    const { code, stdout, stderr } = await run('capture-to-ndjson.js', [file]);
    expect(stdout.trimEnd().split('\n').map(parse)).toEqual([
      { msg: 'boundary_request', decision: 'deny', http_method: 'GET', http_url: 'https://a.example/' },
      { msg: 'boundary_request', decision: 'deny', http_method: 'GET', http_url: 'https://b.example/' },
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('fails if a capture cannot be read to its end', async () => {
    const file = join(folder, 'bad.bin');
    const bad = encodeFrame(1, Buffer.from([0xff]));
    writeFileSync(file, Buffer.concat([bad, deny('https://a.example/'), Buffer.from('GET /'), bad]));
    const { code, stdout, stderr } = await run('capture-to-ndjson.js', [file]);
    expect(stdout.trimEnd().split('\n').map(parse)).toHaveLength(1);
    expect(stderr).toBe('skip ERR_INVALID_PROTOBUF\nclose ERR_UNSUPPORTED_TAG\n');
    expect(code).toBe(1);
  });
});

describe('ndjson-to-socket.js', () => {
  test('sends one frame per valid event, and reports the other lines', async () => {
    const socketPath = join(folder, 'receiver.sock');
    const server = createServer().listen(socketPath);
    await once(server, 'listening');
    const received = once(server, 'connection').then(([socket]) => buffer(socket as Socket));
    const event = {
      decision: 'allow',
      session_id: '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77',
      sequence_number: 7,
      confined_process_name: 'claude-code',
      http_method: 'GET',
      http_url: 'https://a.example/',
      event_time: '2026-03-03T19:42:34.12Z',
      matched_rule: 'domain=a.example',
    };
    const lines = [
      JSON.stringify(event),
      'not JSON',
      '{"decision":"maybe"}',
      JSON.stringify({ ...event, http_url: 'x'.repeat(40_000) }),
      JSON.stringify({ ...event, decision: 'deny', event_time: '1969-12-31T23:59:58.5Z' }),
    ];
    const { code, stderr } = await run('ndjson-to-socket.js', [socketPath], lines.join('\n'));
    expect(eventsIn(await received)).toEqual([
      event,
      { ...event, decision: 'deny', event_time: '1969-12-31T23:59:58.5Z' },
    ]);
    expect(stderr.match(/skipped: .*/g)).toEqual([
      expect.stringContaining('JSON'),
      'skipped: decision: got "maybe", expected allow or deny',
      'skipped: ERR_MESSAGE_TOO_LARGE',
    ]);
    expect(code).toBe(0);
    server.close();
  });
});

describe('custom-protocol.js', () => {
  test('decodes its messages, skips a broken one, and reports a fatal header', async () => {
    expect(await run('custom-protocol.js')).toEqual({
      code: 0,
      stdout: [
        'json first',
        'heartbeat',
        'skip ERR_INVALID_PAYLOAD',
        'json 100000',
        'failed ERR_MESSAGE_TOO_LARGE\n',
      ].join('\n'),
      stderr: '',
    });
  });
});

function parse(line: string): unknown {
  return JSON.parse(line);
}
