/*
 * Texts of the request, which every line repeats. They are written once, and cut as `cut.ts` cuts them, so a short
 * frame cannot become a text of any length.
 */
import { sequenceLength } from '../../../codec/wasm/utf8';
import { MAX_ESCAPED_LENGTH, write, writeString } from './text';

/** See `cut.ts`. */
const MAX_LENGTH: usize = 64;
const MARK: string = '[cut]';

/** The most bytes that {@link writeRepeated} returns: a text, the mark, and the quote. */
export const MAX_REPEATED_LENGTH: usize = MAX_LENGTH + 5 + 1;

/** Room for what is written before it is cut, and for the spare bytes that vector instructions need. */
export const REPEATED_ROOM: i32 = <i32>(MAX_LENGTH * MAX_ESCAPED_LENGTH) + 64;

/**
 * Writes a JSON string without its first quote, at most {@link MAX_REPEATED_LENGTH} bytes.
 *
 * @returns the position after it, or 0 if the text is not UTF-8.
 */
export function writeRepeated(at: usize, pos: usize, stop: usize): usize {
  if (stop - pos <= MAX_LENGTH) {
    const end = writeString(at, pos, stop);
    // The quote does not count.
    if (end <= at + MAX_LENGTH + 1) return end;
  }
  const limit = at + MAX_LENGTH;
  while (pos < stop) {
    const next = min(pos + sequenceLength(load<u8>(pos)), stop);
    const end = writeString(at, pos, next);
    if (end === 0) return 0;
    // Without the quote.
    if (end - 1 > limit) return write(write(at, MARK), '"');
    at = end - 1;
    pos = next;
  }
  return write(at, '"');
}

/** Copies what {@link writeRepeated} has written, and a few bytes more. */
export function copyRepeated(at: usize, from: usize, end: usize): usize {
  for (let offset: usize = 0; offset < 80; offset += 16) v128.store(at + offset, v128.load(from + offset));
  return at + (end - from);
}
