import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Outcome } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { quoted } from '../printable.js';
import { FrameParser } from '../streams/frame-parser.js';
import { MessageDecoder } from '../streams/message-decoder.js';
import { piecesOf } from '../text/batch-text.js';
import { describeInPieces } from '../text/outcome.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { type ViewOptions, viewOf } from './view.js';

export interface DecodeOptions extends ViewOptions {
  outcomes: boolean;
}

/**
 * Writes a captured byte stream as text: its events or, with `outcomes`, everything that the stream contains. Without
 * `outcomes`, everything except events goes to stderr, and a stream that cannot be read to its end is a failure. So is a
 * batch that cannot be written as text, but what comes after it is written.
 */
export async function decode(file: string | undefined, options: DecodeOptions, io: Io): Promise<number> {
  const { format, color } = viewOf(options, io);
  let failed = false;

  async function* toText(outcomes: AsyncIterable<Outcome>): AsyncGenerator<string> {
    let frames = 0;
    for await (const outcome of outcomes) {
      frames += 1;
      try {
        if (options.outcomes) {
          yield* describeInPieces(outcome);
        } else if (outcome.kind === 'logs') {
          yield* piecesOf(outcome, format, { color });
        } else {
          io.stderr.write(`${note(outcome)}\n`);
          failed ||= outcome.kind === 'close';
        }
      } catch (error) {
        if ((error as BoundaryLogError).code !== 'ERR_INVALID_BATCH') throw error;
        failed = true;
        io.stderr.write(`skipped frame ${frames}: ${(error as Error).message}\n`);
      }
    }
  }

  const source = file === undefined || file === '-' ? io.stdin : createReadStream(file);
  try {
    await pipeline(source, new FrameParser(), new MessageDecoder(), toText, io.stdout, { end: false });
  } catch (error) {
    if (isClosedPipe(error)) return ExitCode.DONE;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const message = `FILE: got ${quoted(file ?? '')}, expected a file that can be read`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message, { cause: error });
  }
  return failed ? ExitCode.FAILED : ExitCode.DONE;
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
