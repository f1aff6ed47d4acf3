// The time of sending as 16 digits in the last URL of a batch. It is written into a frame that is already encoded.
import { now } from './clock.js';
import { frameOf } from './load.js';

const DIGITS = 16;
const MARK = `&t=${'0'.repeat(DIGITS)}`;

/** A frame of 10 logs with space for the time, and the distance of that space from the end of the frame. */
export function stampable() {
  const frame = frameOf(10, 0, MARK);
  return { frame, fromEnd: frame.length - (frame.indexOf(MARK) + MARK.length - DIGITS) };
}

/**
 * @param {Buffer} frame
 * @param {number} fromEnd
 */
export function stamp(frame, fromEnd) {
  frame.write(String(now()).padStart(DIGITS, '0'), frame.length - fromEnd, 'latin1');
}

/**
 * Nanoseconds since the frame was stamped.
 *
 * @param {Buffer} bytes Bytes that end where the frame ends.
 * @param {number} fromEnd
 */
export function age(bytes, fromEnd) {
  const at = bytes.length - fromEnd;
  return now() - Number(bytes.toString('latin1', at, at + DIGITS));
}
