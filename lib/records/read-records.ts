import { BoundaryLogError } from '../errors.js';
import { token } from '../printable.js';
import { binaryKind } from './file-kind.js';
import { recordsInFrames } from './frame-records.js';
import { recordsInLines } from './line-records.js';
import type { FaultListener, Recorded } from './record.js';

/** How many bytes are needed to recognise a file. */
const HEAD = 16;

/** The tags of the frames with which the bytes of a connection begin, and the first byte of a capture with times. */
const FRAMES = [0x01, 0x02, 0x89];

/**
 * The events and status messages of any file that this project or coderd writes, in their order: a capture with times,
 * the bytes of one connection, events as JSON or logfmt, or coderd's log in either of its forms. The first bytes decide
 * which of these it is, not the name. An empty file has no events.
 *
 * The memory that this needs does not grow with the file.
 *
 * @param file The name of the file in messages. {@link recordsInSpool} reads a folder.
 * @throws ERR_INVALID_OPTION if the file is none of these, and the error of the source.
 */
export async function* recordsIn(
  file: string,
  source: AsyncIterable<Uint8Array>,
  onFault: FaultListener,
): AsyncGenerator<Recorded> {
  const { head, chunks } = await peek(source);
  if (head.length === 0) return;
  const kind = kindInsteadOfRecords(head);
  if (kind !== undefined) {
    const name = file === '-' ? 'stdin' : token(file);
    const expected = "a capture, a spool, events as JSON or logfmt, or coderd's log";
    throw new BoundaryLogError('ERR_INVALID_OPTION', `${name} is ${kind}, expected ${expected}`);
  }
  const read = FRAMES.includes(head[0] as number) ? recordsInFrames : recordsInLines;
  yield* read(file, chunks, onFault);
}

/** Names a file that contains no events, and what to do about it; undefined if it may contain some. */
function kindInsteadOfRecords(head: Buffer): string | undefined {
  const kind = binaryKind(head);
  if (kind !== undefined) return kind;
  const text = head.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  if (text.startsWith('BLR\x01')) return 'a segment of a spool: name its folder instead';
  if (/^\s*\[/.test(text)) return 'a list of JSON: write one event on each line, as jq -c .[] does';
  if (FRAMES.includes(head[0] as number) || isText(head)) return undefined;
  return 'neither text nor frames of boundary';
}

/** Whether bytes may be the beginning of a text in UTF-8. A colour on a terminal begins with an escape. */
function isText(head: Buffer): boolean {
  return !head.some((byte) => byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b);
}

/** Returns the first bytes of a source, and an iterable of all its bytes. */
async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; chunks: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let length = 0;
  let isOver = false;
  while (length < HEAD && !isOver) {
    const next = await iterator.next();
    if (next.done) isOver = true;
    else read.push(next.value);
    length += next.done ? 0 : next.value.length;
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield* read;
      for (let next = isOver ? undefined : await iterator.next(); next && !next.done; ) {
        yield next.value;
        next = await iterator.next();
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(read).subarray(0, HEAD), chunks: chunks() };
}
