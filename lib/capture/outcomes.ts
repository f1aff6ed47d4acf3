import { boundaryProtocol, decodeFrames, FrameDecoder, type Outcome } from '../../codec/index.js';
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
  /** When its last byte arrived, in µs since 1970. */
  readonly time: number;
}

/** The frames of one connection. */
interface Line {
  readonly decoder: FrameDecoder;
  frames: number;
}

/**
 * Decodes what a capture contains, in the order of the capture. Behind a gap, the rest of a connection is left out,
 * because nobody knows where its next frame begins.
 */
export async function* outcomesIn(
  records: AsyncIterable<CaptureRecord | CaptureFault>,
): AsyncGenerator<CapturedOutcome | CaptureGap | CaptureFault> {
  /** The connections that have sent something. */
  const lines = new Map<number, Line>();
  /** The open ones that have a gap. */
  const cut = new Set<number>();
  let startedAt = 0;
  let time = 0;

  function* over(connection: number): Generator<CapturedOutcome> {
    const line = lines.get(connection);
    lines.delete(connection);
    cut.delete(connection);
    const fault = line?.decoder.end();
    if (line === undefined || fault === undefined) return;
    const [outcome] = decodeFrames(boundaryProtocol, [fault]) as [Outcome];
    yield { outcome, connection, frame: line.frames + 1, time };
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
        const line = lines.get(connection) ?? { decoder: new FrameDecoder(), frames: 0 };
        lines.set(connection, line);
        for (const outcome of outcomesOf(line, bytes))
          yield { outcome, connection, frame: ++line.frames, time };
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

function* outcomesOf({ decoder }: Line, bytes: Buffer): Generator<Outcome> {
  const end = decoder.bytesConsumed + bytes.length;
  while (!decoder.ended && decoder.bytesConsumed < end) {
    const rest = bytes.subarray(bytes.length - (end - decoder.bytesConsumed));
    yield* decodeFrames(boundaryProtocol, decoder.decode(rest, MAX_FRAMES)) as Outcome[];
  }
}
