import { CaptureDecoder, type CaptureFault } from './capture-decoder.js';
import { type CaptureRecord, FIRST_BYTE } from './record.js';

/** A capture of either kind. */
export interface OpenedCapture {
  /** Whether it says when what happened. Otherwise it is the bytes of one connection. */
  readonly hasTimes: boolean;
  /** What it contains. The bytes of one connection are the data of connection 1, without times. */
  readonly records: AsyncGenerator<CaptureRecord | CaptureFault>;
}

/**
 * Reads a capture of either kind: its first byte tells which one it is.
 *
 * @param isRaw Whether it is the bytes of one connection, whatever they begin with.
 * @throws the error of the source.
 */
export async function openCapture(source: AsyncIterable<Uint8Array>, isRaw = false): Promise<OpenedCapture> {
  const chunks = source[Symbol.asyncIterator]();
  let first = await chunks.next();
  while (!first.done && first.value.length === 0) first = await chunks.next();
  const hasTimes = !isRaw && !first.done && first.value[0] === FIRST_BYTE;
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      for (let next = first; !next.done; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  }
  return { hasTimes, records: hasTimes ? decoded(all()) : oneConnection(all()) };
}

async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CaptureRecord | CaptureFault> {
  const decoder = new CaptureDecoder();
  for await (const chunk of chunks) {
    yield* decoder.decode(chunk);
    if (decoder.ended) return;
  }
  const fault = decoder.end();
  if (fault !== undefined) yield fault;
}

async function* oneConnection(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CaptureRecord> {
  yield { kind: 'start', startedAt: 0 };
  yield { kind: 'open', connection: 1, time: 0 };
  for await (const { buffer, byteOffset, byteLength } of chunks) {
    if (byteLength > 0)
      yield { kind: 'data', connection: 1, time: 0, bytes: Buffer.from(buffer, byteOffset, byteLength) };
  }
  yield { kind: 'end', connection: 1, time: 0 };
  yield { kind: 'finish', time: 0 };
}
