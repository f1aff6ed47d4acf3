import fc from 'fast-check';
import { decodeMessage, encodeLogs, type Frame, FrameDecoder, LogBatch } from '../../codec/index.js';

/** What may differ between two batches, or only between the objects. */
const CHANGES = ['nothing', 'a byte', 'the tag', 'an unknown field', 'a log', 'less', 'more'] as const;

/** Batches, each as it comes out of the codec, or as a program may create it. */
const source = fc.record({
  sessionId: fc.string({ maxLength: 8 }),
  urls: fc.array(fc.webUrl(), { maxLength: 3 }),
  tag: fc.constantFrom(1 as const, 2 as const),
  change: fc.constantFrom(...CHANGES),
  at: fc.nat(),
  value: fc.integer({ min: 1, max: 255 }),
  isDecoded: fc.tuple(fc.boolean(), fc.boolean()),
  isDetached: fc.tuple(fc.boolean(), fc.boolean()),
  isInChunk: fc.tuple(fc.boolean(), fc.boolean()),
});

/** Two batches, and whether they have the same tag and the same bytes. */
export const batchPairs = source.map((source) => {
  const { sessionId, urls, change, at, value } = source;
  const request = {
    sessionId: sessionId.toWellFormed(),
    logs: urls.map((url) => ({ httpRequest: { url } })),
  };
  const [frame] = new FrameDecoder().decode(encodeLogs(request, source.tag)) as Frame[];
  const { raw, tag, count } = decodeMessage(frame as Frame) as LogBatch;
  let bytes: Buffer = Buffer.from(raw);
  if (change === 'a byte' && bytes.length > 0)
    bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ value;
  if (change === 'an unknown field') bytes = Buffer.concat([bytes, Buffer.from([0x98, 0x06, value & 0x7f])]);
  if (change === 'a log') bytes = Buffer.concat([bytes, Buffer.from([0x0a, 0])]);
  if (change === 'less') bytes = bytes.subarray(0, at % (bytes.length + 1));
  if (change === 'more') bytes = Buffer.concat([bytes, bytes]);
  const otherTag = change === 'the tag' ? 3 - tag : tag;
  const outcome = decodeMessage({ tag: 1, payload: bytes });
  const otherCount = outcome.kind === 'logs' ? outcome.count : count;
  const batches = [batch(tag, count, raw, source, 0), batch(otherTag, otherCount, bytes, source, 1)] as const;
  return { batches, areEqual: tag === otherTag && raw.equals(bytes) };
});

type Source = typeof source extends fc.Arbitrary<infer T> ? T : never;

function batch(tag: number, count: number, bytes: Buffer, source: Source, i: 0 | 1): LogBatch {
  // Neighbours in the memory of a batch are not part of it.
  const chunk = Buffer.concat([Buffer.alloc(i + 1, i + 1), bytes, Buffer.alloc(3, i)]);
  const raw = source.isInChunk[i] ? chunk.subarray(i + 1, i + 1 + bytes.length) : Buffer.from(bytes);
  const batch = new LogBatch(tag, count, raw);
  try {
    if (source.isDecoded[i]) batch.request;
  } catch {
    // The bytes of a batch that a program creates need not be valid.
  }
  if (source.isDetached[i]) batch.detach();
  return batch;
}
