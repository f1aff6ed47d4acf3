import type { Outcome } from '../../codec/index.js';
import type { CaptureFault } from '../capture/capture-decoder.js';
import { gapNote } from '../capture/gap-note.js';
import { openCapture } from '../capture/open-capture.js';
import { type CapturedCut, type CapturedOutcome, outcomesIn } from '../capture/outcomes.js';
import type { CaptureGap } from '../capture/record.js';
import type { BoundaryLogError } from '../errors.js';
import { kindInsteadOfCapture } from '../records/file-kind.js';
import { piecesOf } from '../text/batch-text.js';
import { describeInPieces } from '../text/outcome.js';
import { inputError, inputOf } from './input-file.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { writeText } from './stdout.js';
import { type ViewOptions, viewOf } from './view.js';

/** How many bytes tell what a file is. */
const HEAD = 16;

export interface DecodeOptions extends ViewOptions {
  outcomes: boolean;
}

/**
 * Writes a capture as text: its events or, with `outcomes`, everything that it contains. Without `outcomes`, everything
 * except events goes to stderr. It is a failure if something cannot be read: a frame, the rest of a connection behind a
 * fatal header or a gap, or the rest of the file. So is a batch that cannot be written as text. What comes after it is
 * written.
 */
export async function decode(file: string | undefined, options: DecodeOptions, io: Io): Promise<number> {
  const { format, color } = viewOf(options, io);
  let failed = false;
  const complain = (text: string) => void io.stderr.write(`${text}\n`);

  async function* toText(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
    const head = new Head(source);
    const { hasTimes, records } = await openCapture(head.chunks());
    for await (const item of outcomesIn(records)) {
      if (!('outcome' in item)) {
        failed = true;
        if (options.outcomes) yield `${JSON.stringify(describeLoss(item))}\n`;
        else complain(lossNote(item, hasTimes));
        continue;
      }
      const { outcome, frame } = item;
      failed ||= isFault(outcome);
      try {
        if (options.outcomes) {
          yield* withOrigin(item, hasTimes);
        } else if (outcome.kind === 'logs') {
          yield* piecesOf(outcome, format, { color });
        } else {
          complain(
            prefixOf(item, hasTimes) + note(outcome) + (isFault(outcome) ? ` (${placeOf(item)})` : ''),
          );
        }
      } catch (error) {
        if ((error as BoundaryLogError).code !== 'ERR_INVALID_BATCH') throw error;
        failed = true;
        complain(`${prefixOf(item, hasTimes)}skipped frame ${frame}: ${(error as Error).message}`);
      }
      const kind =
        outcome.kind === 'close' && item.offset === 0 ? kindInsteadOfCapture(head.bytes) : undefined;
      if (kind !== undefined) complain(`this is not a capture. It looks like ${kind}`);
    }
  }

  const source = inputOf(file, io);
  try {
    await writeText(io, toText(source));
  } catch (error) {
    if (isClosedPipe(error)) return ExitCode.DONE;
    throw inputError(error, file);
  } finally {
    source.destroy();
  }
  return failed ? ExitCode.FAILED : ExitCode.DONE;
}

/** Keeps the first bytes of a file. */
class Head {
  bytes = Buffer.alloc(0);
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      if (this.bytes.length < HEAD) this.bytes = Buffer.concat([this.bytes, chunk.subarray(0, HEAD)]);
      yield chunk;
    }
  }
}

type Fault = Extract<Outcome, { kind: 'skip' | 'close' }>;

function isFault(outcome: Outcome): outcome is Fault {
  return outcome.kind === 'skip' || outcome.kind === 'close';
}

const prefixOf = ({ connection }: { connection: number }, hasTimes: boolean) =>
  hasTimes ? `connection ${connection}: ` : '';

const placeOf = ({ frame, offset }: { frame: number; offset: number }) => `frame ${frame}, at byte ${offset}`;

/** An outcome as a line of JSON, with what is known of its origin in front. */
function* withOrigin(item: CapturedOutcome, hasTimes: boolean): Generator<string> {
  const { outcome, connection, frame, offset, time } = item;
  const origin = {
    ...(hasTimes && { connection, received_at: timeText(time) }),
    ...(isFault(outcome) && { frame, offset }),
  };
  if (Object.keys(origin).length === 0) {
    yield* describeInPieces(outcome);
    return;
  }
  let before = `${JSON.stringify(origin).slice(0, -1)},`;
  for (const piece of describeInPieces(outcome)) {
    yield before === '' ? piece : before + piece.slice(1);
    before = '';
  }
}

/** A time in µs since 1970, as RFC 3339 with all digits. A year beyond 9999 stays a number. */
function timeText(time: number): string | number {
  const date = new Date(Math.floor(time / 1000));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) return time;
  return date.toISOString().replace('Z', `${String(time % 1000).padStart(3, '0')}Z`);
}

function describeLoss(item: CapturedCut | CaptureGap | CaptureFault): object {
  if (item.kind === 'cut') {
    const { kind, connection, frame, offset } = item;
    return { connection, frame, offset, kind, error: CUT };
  }
  if (item.kind === 'gap') {
    const { connection, bytes, connections } = item;
    return { ...(connection > 0 && { connection }), kind: 'gap', bytes, connections };
  }
  const { code, message } = item.error;
  return {
    kind: 'fault',
    offset: item.offset,
    reason: code.slice('ERR_'.length).toLowerCase(),
    error: message,
  };
}

const CUT = 'the capture ended behind a header: the payload is missing';

function lossNote(item: CapturedCut | CaptureGap | CaptureFault, hasTimes: boolean): string {
  if (item.kind === 'cut') return `${prefixOf(item, hasTimes)}cut: ${CUT} (${placeOf(item)})`;
  if (item.kind === 'fault') return `${item.error.code}: ${item.error.message}`;
  return gapNote(item);
}

function note(outcome: Exclude<Outcome, { kind: 'logs' }>): string {
  switch (outcome.kind) {
    case 'status': {
      const { droppedChannelFull, droppedBatchFull } = outcome;
      return `status: the sender dropped ${droppedChannelFull} (channel full) and ${droppedBatchFull} (batch full)`;
    }
    case 'unknown-variant':
      return 'unknown variant: a message of a kind that this version does not know';
    default:
      return `${outcome.kind}: ${outcome.error.code}: ${outcome.error.message}`;
  }
}
