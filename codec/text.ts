import { isUtf8 } from 'node:buffer';

const HIGH_BITS = 0x80808080;

/** Of the bytes that were looked at last, four at a time, and where they begin in them. */
let words: Int32Array = new Int32Array(0);
let bytes: Buffer | undefined;
let offset = 0;

/**
 * Whether the bytes from `pos` to `end` are all ASCII. False also where only some of the three bytes before them
 * are not.
 *
 * Two words at a time, which takes a third of the time that single bytes take. Their view is made once for a chunk.
 */
export function isAscii(buf: Buffer, pos: number, end: number): boolean {
  if (bytes !== buf) {
    bytes = buf;
    offset = buf.byteOffset;
    words = new Int32Array(buf.buffer, 0, buf.buffer.byteLength >> 2);
  }
  const last = (offset + end) >> 2;
  let bits = 0;
  let word = (offset + pos) >> 2;
  for (; word < last - 1; word += 2) bits |= (words[word] as number) | (words[word + 1] as number);
  if (word < last) bits |= words[word] as number;
  for (let i = Math.max(pos, last * 4 - offset); i < end; i++) bits |= (buf[i] as number) << 24;
  return (bits & HIGH_BITS) === 0;
}

/** Whether the bytes from `pos` to `end` are UTF-8. Methods, URLs and rules are ASCII but for the rare one. */
export function isText(buf: Buffer, pos: number, end: number): boolean {
  return isAscii(buf, pos, end) || isUtf8(buf.subarray(pos, end));
}
