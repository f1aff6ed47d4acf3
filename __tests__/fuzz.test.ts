import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import {
  type Frame,
  HEADER_LENGTH,
  type LogBatch,
  MAX_PAYLOAD_LENGTH,
  type Outcome,
} from '../codec/index.js';
import { type Accounts, BoundaryLogProxy, FrameParser, MessageDecoder } from '../lib/index.js';
import { appendBatch, type Rest } from '../lib/text/batch-text.js';
import { FORMATS, type Format, formatBatch } from '../lib/text/format.js';
import { TextBuffer } from '../lib/text/text-buffer.js';
import { rfc3339 } from '../lib/text/timestamp.js';
import { assertBalanced } from './helpers/accounts.js';
import { expectedOutcome, summary } from './helpers/naive-outcome.js';
import { decode, type Message, REQUEST } from './helpers/naive-protobuf.js';
import { RandomStream } from './helpers/random-stream.js';
import { restored } from './helpers/repeated.js';
import { seed } from './helpers/seed.js';
import { sendAll } from './helpers/socket-client.js';
import { tempPaths } from './helpers/temp.js';
import { until } from './helpers/until.js';

/*
 * Random streams of bytes, for a given time: 10 s unless FUZZ_SECONDS says otherwise. Case number n has the seed
 * TEST_SEED + n, and a failure names it: `TEST_SEED=N FUZZ_SECONDS=0` repeats that case alone.
 */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 10);
jest.setTimeout(SECONDS * 1000 + 60_000);

const path = tempPaths();
let proxy: BoundaryLogProxy;
const reported: LogBatch[] = [];

beforeAll(async () => {
  proxy = new BoundaryLogProxy({ socketPath: path(), bufferSize: 1_000_000 });
  await proxy.start();
  void proxy.runForwarder({ report: (batch) => void reported.push(batch) });
});
afterAll(() => proxy.close());

/** What the stream leads to, read as simply as possible. */
function expectedOf(bytes: Buffer): unknown[] {
  const outcomes: unknown[] = [];
  let pos = 0;
  while (bytes.length - pos >= HEADER_LENGTH) {
    const tag = bytes[pos] as number;
    const length = bytes.readUIntBE(pos + 1, 3);
    if (tag !== 1 && tag !== 2) return [...outcomes, { kind: 'close', code: 'ERR_UNSUPPORTED_TAG' }];
    if (length > MAX_PAYLOAD_LENGTH) return [...outcomes, { kind: 'close', code: 'ERR_MESSAGE_TOO_LARGE' }];
    const start = pos + HEADER_LENGTH;
    // A header alone is a normal end.
    if (start === bytes.length && length > 0) return outcomes;
    if (start + length > bytes.length) return [...outcomes, { kind: 'skip', code: 'ERR_TRUNCATED_PAYLOAD' }];
    outcomes.push(expectedOutcome({ tag, payload: bytes.subarray(start, start + length) } as Frame));
    pos = start + length;
  }
  if (pos < bytes.length) outcomes.push({ kind: 'skip', code: 'ERR_TRUNCATED_HEADER' });
  return outcomes;
}

/** What the public streams make of the chunks. */
async function outcomesOf(chunks: Buffer[], perChunk: boolean): Promise<Outcome[]> {
  const parser = new FrameParser({ perChunk });
  const decoder = parser.pipe(new MessageDecoder<Outcome, boolean>());
  const outcomes: Outcome[] = [];
  decoder.on('data', (outcome: Outcome | Outcome[]) => outcomes.push(...[outcome].flat()));
  const ended = once(decoder, 'end');
  for (const chunk of chunks) parser.write(chunk);
  parser.end();
  await ended;
  return outcomes;
}

/** The text as a reporter writes it, piece by piece. */
function written(batch: LogBatch, format: Format): string {
  const buffer = new TextBuffer();
  let rest: Rest | undefined = (to) => appendBatch(batch, format, {}, to);
  while (rest !== undefined) rest = rest(buffer);
  return String(buffer.take());
}

/** The events of a batch according to the naive codec, with numbers as text. */
function eventsIn(batch: LogBatch): Record<string, string>[] {
  const { known } = decode(REQUEST, batch.raw);
  const text = (message: Message | undefined, number: number) => (message?.known.get(number) ?? '') as string;
  const session = text({ known } as Message, 2);
  const process = text({ known } as Message, 3);
  return ((known.get(1) ?? []) as Message[]).map((log) => {
    const http = log.known.get(3) as Message | undefined;
    const time = log.known.get(2) as Message | undefined;
    const number = (log.known.get(4) ?? 0n) as bigint;
    const event: Record<string, string> = {
      msg: 'boundary_request',
      decision: log.known.get(1) === true ? 'allow' : 'deny',
      session_id: session,
      sequence_number: number !== 0n || session !== '' ? String(number) : '',
      confined_process_name: process,
      http_method: text(http, 1),
      http_url: text(http, 2),
      event_time: time ? rfc3339((time.known.get(1) ?? 0n) as bigint, Number(time.known.get(2) ?? 0n)) : '',
      matched_rule: text(http, 3),
    };
    return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== ''));
  });
}

function parseLogfmt(line: string): Record<string, string> {
  const fields = [...line.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[^ ]*)(?: |$)/gu)];
  if (fields.map(([all]) => all).join('') !== line) throw new Error(`not logfmt: ${line}`);
  return Object.fromEntries(
    fields.map(([, name, value]) => [name as string, value?.startsWith('"') ? JSON.parse(value) : value]),
  );
}

const PARSERS: Partial<Record<Format, (line: string) => Record<string, string>>> = {
  json: (line) =>
    Object.fromEntries(Object.entries(JSON.parse(line)).map(([name, value]) => [name, String(value)])),
  logfmt: parseLogfmt,
};

function checkText(batch: LogBatch): void {
  const events = eventsIn(batch);
  for (const format of FORMATS) {
    const text = written(batch, format);
    expect(text === formatBatch(batch, format)).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(128 * (HEADER_LENGTH + batch.raw.length));
    const lines = text.split('\n').slice(0, -1);
    expect(lines).toHaveLength(batch.count);
    const parse = PARSERS[format];
    if (parse === undefined) continue;
    for (const [i, line] of lines.entries()) {
      const event = events[i] as Record<string, string>;
      const shown = restored(parse(line), event);
      // expect() is slow, and a batch may have thousands of lines.
      if (!isDeepStrictEqual(shown, event)) expect(shown).toEqual(event);
    }
  }
}

async function runCase(caseSeed: number): Promise<void> {
  const stream = new RandomStream(caseSeed);
  const bytes = stream.bytes();
  const chunks = stream.chunks(bytes);
  const expected = expectedOf(bytes);
  const outcomes = await outcomesOf(chunks, stream.once(2));
  expect(outcomes.map(summary)).toEqual(expected);
  const batches = outcomes.filter((outcome) => outcome.kind === 'logs');
  for (const batch of batches) checkText(batch);

  // The whole proxy, through its socket.
  const before: Accounts = proxy.accounts();
  reported.length = 0;
  await sendAll(proxy.socketPath, chunks.length > 50 ? [bytes] : chunks);
  await until('all batches are reported', () => reported.length >= batches.length);
  expect(reported.map(({ raw }) => raw.toString('hex'))).toEqual(
    batches.map(({ raw }) => raw.toString('hex')),
  );
  const after = proxy.accounts();
  assertBalanced(after);
  expect(after.received.batches - before.received.batches).toBe(batches.length);
  expect(after.received.logs - before.received.logs).toBe(batches.reduce((sum, { count }) => sum + count, 0));
}

test(`random streams for ${SECONDS} s, from seed ${seed} on`, async () => {
  const end = performance.now() + SECONDS * 1000;
  let cases = 0;
  do {
    try {
      await runCase(seed + cases);
    } catch (error) {
      (error as Error).message +=
        `\n\nTo repeat: TEST_SEED=${seed + cases} FUZZ_SECONDS=0 npm run -s jest -- __tests__/fuzz.test.ts`;
      throw error;
    }
    cases += 1;
  } while (performance.now() < end);
  if (SECONDS > 10) process.stderr.write(`fuzz: ${cases} streams, seeds ${seed} to ${seed + cases - 1}\n`);
});
