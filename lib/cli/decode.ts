import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Outcome } from '../../codec/index.js';
import type { CaptureFault } from '../capture/capture-decoder.js';
import { gapNote } from '../capture/gap-note.js';
import { openCapture } from '../capture/open-capture.js';
import { type CapturedOutcome, outcomesIn } from '../capture/outcomes.js';
import type { CaptureGap } from '../capture/record.js';
import { BoundaryLogError } from '../errors.js';
import { quoted } from '../printable.js';
import { piecesOf } from '../text/batch-text.js';
import { describeInPieces } from '../text/outcome.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { type ViewOptions, viewOf } from './view.js';

export interface DecodeOptions extends ViewOptions {
  outcomes: boolean;
}

/**
 * Writes a capture as text: its events or, with `outcomes`, everything that it contains. Without `outcomes`, everything
 * except events goes to stderr. It is a failure if something cannot be read: the rest of a connection behind a fatal
 * header or a gap, or the rest of the file. So is a batch that cannot be written as text, but what comes after it is
 * written.
 */
export async function decode(file: string | undefined, options: DecodeOptions, io: Io): Promise<number> {
  const { format, color } = viewOf(options, io);
  let failed = false;
  const complain = (text: string) => void io.stderr.write(`${text}\n`);

  async function* toText(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
    const { hasTimes, records } = await openCapture(source);
    for await (const item of outcomesIn(records)) {
      if (!('outcome' in item)) {
        failed = true;
        if (options.outcomes) yield `${JSON.stringify(describeLoss(item))}\n`;
        else complain(lossNote(item));
        continue;
      }
      const { outcome, connection, frame } = item;
      const where = hasTimes ? `connection ${connection}: ` : '';
      try {
        if (options.outcomes) {
          yield* hasTimes ? withOrigin(item) : describeInPieces(outcome);
        } else if (outcome.kind === 'logs') {
          yield* piecesOf(outcome, format, { color });
        } else {
          complain(where + note(outcome));
          failed ||= outcome.kind === 'close';
        }
      } catch (error) {
        if ((error as BoundaryLogError).code !== 'ERR_INVALID_BATCH') throw error;
        failed = true;
        complain(`${where}skipped frame ${frame}: ${(error as Error).message}`);
      }
    }
  }

  const source = file === undefined || file === '-' ? io.stdin : createReadStream(file);
  try {
    await pipeline(source, toText, io.stdout, { end: false });
  } catch (error) {
    if (isClosedPipe(error)) return ExitCode.DONE;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const message = `FILE: got ${quoted(file ?? '')}, expected a file that can be read`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message, { cause: error });
  }
  return failed ? ExitCode.FAILED : ExitCode.DONE;
}

/** An outcome as a line of JSON, with its connection and its time in front. */
function* withOrigin({ outcome, connection, time }: CapturedOutcome): Generator<string> {
  const origin = { connection, received_at: timeText(time) };
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

function describeLoss(item: CaptureGap | CaptureFault): object {
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

function lossNote(item: CaptureGap | CaptureFault): string {
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
