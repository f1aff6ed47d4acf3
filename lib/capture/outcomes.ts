import {
  boundaryProtocol,
  decodeFrames,
  FrameDecoder,
  HEADER_LENGTH,
  type Outcome,
} from '../../codec/index.js';
import type { CaptureFault } from './capture-decoder.js';
import type { CaptureGap, CaptureRecord } from './record.js';

/** How many frames are decoded before the reader is asked whether it wants more. */
const MAX_FRAMES = 100;

/** An outcome, and where it comes from. */
export interface CapturedOutcome {
  readonly outcome: Outcome;
  /** The number of its connection. */
  readonly connection: number;
  /** The number of its frame on this connection, from 1 on. */
  readonly frame: number;
  /** Where this frame begins, in bytes from the beginning of this connection. */
  readonly offset: number;
  /** When its last byte arrived, in µs since 1970. */
  readonly time: number;
}

/**
 * A connection that ended behind a header, without any byte of its payload. For a receiver that is a normal end. For a
 * capture it means that a frame is missing.
 */
export interface CapturedCut extends Pick<CapturedOutcome, 'connection' | 'frame' | 'offset' | 'time'> {
  readonly kind: 'cut';
}

/** The frames of one connection. */
interface Line {
  readonly decoder: FrameDecoder;
  frames: number;
  /** Where the next frame begins. */
  offset: number;
}

/**
 * Decodes what a capture contains, in the order of the capture. Behind a gap, the rest of a connection is left out,
 * because nobody knows where its next frame begins.
 */
export async function* outcomesIn(
  records: AsyncIterable<CaptureRecord | CaptureFault>,
): AsyncGenerator<CapturedOutcome | CapturedCut | CaptureGap | CaptureFault> {
  /** The connections that have sent something. */
  const lines = new Map<number, Line>();
  /** The open ones that have a gap. */
  const cut = new Set<number>();
  let startedAt = 0;
  let time = 0;

  function* over(connection: number): Generator<CapturedOutcome | CapturedCut> {
    const line = lines.get(connection);
    lines.delete(connection);
    cut.delete(connection);
    if (line === undefined) return;
    const isIncomplete = line.decoder.incompleteSince !== undefined;
    const fault = line.decoder.end();
    const where = { connection, frame: line.frames + 1, offset: line.offset, time };
    if (fault !== undefined) {
      const [outcome] = decodeFrames(boundaryProtocol, [fault]) as [Outcome];
      yield { outcome, ...where };
    } else if (isIncomplete) {
      yield { kind: 'cut', ...where };
    }
  }

  for await (const record of records) {
    if (record.kind === 'start') startedAt = record.startedAt;
    else if (record.kind !== 'fault') time = startedAt + record.time;
    switch (record.kind) {
      case 'start':
      case 'open':
        break;
      case 'data': {
        const { connection, bytes } = record;
        if (cut.has(connection)) break;
        const line = lines.get(connection) ?? { decoder: new FrameDecoder(), frames: 0, offset: 0 };
        lines.set(connection, line);
        for (const { outcome, offset } of outcomesOf(line, bytes))
          yield { outcome, connection, frame: ++line.frames, offset, time };
        break;
      }
      case 'gap':
        yield record;
        if (record.connection > 0) cut.add(record.connection);
        lines.delete(record.connection);
        break;
      case 'finish':
      case 'fault':
        for (const connection of [...lines.keys()]) yield* over(connection);
        if (record.kind === 'fault') yield record;
        break;
      default:
        yield* over(record.connection);
    }
  }
}

function* outcomesOf(line: Line, bytes: Buffer): Generator<{ outcome: Outcome; offset: number }> {
  const { decoder } = line;
  const end = decoder.bytesConsumed + bytes.length;
  while (!decoder.ended && decoder.bytesConsumed < end) {
    const rest = bytes.subarray(bytes.length - (end - decoder.bytesConsumed));
    const frames = decoder.decode(rest, MAX_FRAMES);
    for (const [i, outcome] of (decodeFrames(boundaryProtocol, frames) as Outcome[]).entries()) {
      const { offset } = line;
      const frame = frames[i] as (typeof frames)[number];
      if ('payload' in frame) line.offset += HEADER_LENGTH + frame.payload.length;
      yield { outcome, offset };
    }
  }
}
