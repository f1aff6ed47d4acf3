import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, encodeStatus, type LogBatch } from '../../../codec/index.js';
import { Demux, FrameParser, MessageDecoder } from '../../../lib/index.js';
import { Intake, type Sinks } from '../../../lib/server/intake.js';
import { random } from '../../helpers/cuts.js';
import { logsFrame } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';
import { vectors } from '../../helpers/vectors.js';

/** What a connection led to, in order: batches, what was counted and rejected, and that it is to be closed. */
type Told = unknown[];

const hex = ({ tag, count, raw }: LogBatch) => ['logs', tag, count, raw.toString('hex')];

function sinksInto(told: Told, logs?: Writable): Sinks {
  return {
    logs:
      logs ??
      new Writable({
        objectMode: true,
        write(batch: LogBatch, _encoding, callback) {
          told.push(hex(batch));
          callback();
        },
      }),
    status: ({ droppedChannelFull, droppedBatchFull }) =>
      told.push(['status', droppedChannelFull, droppedBatchFull]),
    reject: (reason, error) => told.push(['reject', reason, error?.message]),
  };
}

const intakeInto = (told: Told, logs?: Writable) =>
  new Intake(sinksInto(told, logs), () => told.push('fatal'));

async function throughIntake(chunks: Buffer[]): Promise<Told> {
  const told: Told = [];
  await pipeline(Readable.from(chunks), intakeInto(told));
  return told;
}

/** The same by the streams that whoever composes them has. */
async function throughStreams(chunks: Buffer[]): Promise<Told> {
  const told: Told = [];
  const { logs, status, reject } = sinksInto(told);
  const rejectError = ({ error }: { error: Error & { code: string } }) =>
    (reject as (reason: string, error: Error) => void)(error.code.slice(4).toLowerCase(), error);
  await pipeline(
    Readable.from(chunks),
    new FrameParser(),
    new MessageDecoder(),
    new Demux({
      logs: logs as Writable,
      status,
      skip: rejectError,
      'unknown-variant': () => reject('unknown_variant'),
      close: (outcome) => {
        rejectError(outcome);
        told.push('fatal');
      },
    }),
  );
  return told;
}

describe('leads to what the public streams lead to', () => {
  test.each(vectors)('$name', async ({ bytes }) => {
    expect(await throughIntake([bytes])).toEqual(await throughStreams([bytes]));
  });

  test('vectors one after the other, cut anywhere', async () => {
    const some = vectors.filter(({ bytes }) => bytes.length < 2000);
    const property = fc.asyncProperty(
      fc.array(fc.nat(some.length - 1), { maxLength: 8 }),
      fc.nat(),
      async (picks, n) => {
        const bytes = Buffer.concat(picks.map((i) => some[i]?.bytes as Buffer));
        const next = random(n);
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; ) {
          const end = at + 1 + Math.floor(next() ** 3 * 400);
          chunks.push(Buffer.from(bytes.subarray(at, end)));
          at = end;
        }
        expect(await throughIntake(chunks)).toEqual(await throughStreams(chunks));
      },
    );
    await fc.assert(property, { seed, numRuns: 200, interruptAfterTimeLimit: 3000 });
  });
});

/** Takes one batch at a time, each when it is let. */
class SlowSink extends Writable {
  readonly taken: number[] = [];
  #pass: (() => void) | undefined;

  constructor() {
    super({ objectMode: true, highWaterMark: 1 });
  }

  override _write({ count }: LogBatch, _encoding: BufferEncoding, callback: () => void): void {
    this.taken.push(count);
    this.#pass = callback;
  }

  async pass(): Promise<void> {
    this.#pass?.();
    await turn();
  }
}

describe('a sink of logs that says "enough"', () => {
  test('is waited for, in the middle of a chunk, and nothing overtakes a batch', async () => {
    const told: Told = [];
    const sink = new SlowSink();
    const intake = intakeInto(told, sink);
    intake.write(
      Buffer.concat([
        logsFrame(1),
        encodeStatus({ droppedChannelFull: 7n }),
        logsFrame(2),
        encodeFrame(2, Buffer.alloc(0)),
      ]),
    );
    intake.end(logsFrame(3));
    await turn();
    expect([sink.taken, told]).toEqual([[1], []]);
    await sink.pass();
    expect([sink.taken, told]).toEqual([[1, 2], [['status', 7n, 0n]]]);
    const finished = once(intake, 'finish');
    await sink.pass();
    expect(sink.taken).toEqual([1, 2, 3]);
    expect(told.at(-1)).toEqual(['reject', 'unknown_variant', undefined]);
    await sink.pass();
    await finished;
    expect(sink.listenerCount('drain')).toBe(0);
  });

  test('is not waited for by an Intake that is destroyed', async () => {
    const sink = new SlowSink();
    const intake = intakeInto([], sink);
    intake.write(Buffer.concat([logsFrame(1), logsFrame(2)]));
    expect(sink.listenerCount('drain')).toBe(1);
    intake.destroy();
    expect(sink.listenerCount('drain')).toBe(0);
    await sink.pass();
    expect(sink.taken).toEqual([1]);
  });
});

test('after a fatal frame the rest is thrown away, and so is the end', async () => {
  const told: Told = [];
  const intake = intakeInto(told);
  intake.write(Buffer.concat([logsFrame(1), Buffer.from([9, 0, 0, 0])]));
  intake.write(logsFrame(2));
  intake.end(Buffer.from([2, 0]));
  await once(intake, 'finish');
  expect(told).toEqual([
    expect.arrayContaining(['logs', 1]),
    ['reject', 'unsupported_tag', expect.any(String)],
    'fatal',
  ]);
});
