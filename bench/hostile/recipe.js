// Frames as recipes, so that a search can change them and the worst ones can be listed.

/**
 * @typedef {object} Recipe
 * @property {number} tag 1 or 2.
 * @property {string} prefix Bytes in hexadecimal, once.
 * @property {string} unit Bytes that repeat, in hexadecimal.
 * @property {string} suffix Bytes, once.
 * @property {number} length How long the payload is, at most.
 * @property {number[]} inside The keys of the fields that contain all of this, the outermost first.
 */

const MAX_PAYLOAD = 32_768;

/** @param {Recipe} recipe @returns {Buffer} The frame, header included. */
export function frameOf({ tag, prefix, unit, suffix, length, inside }) {
  const hex = (/** @type {string} */ bytes) => Buffer.from(bytes, 'hex');
  const [start, repeated, end] = /** @type {const} */ ([hex(prefix), hex(unit), hex(suffix)]);
  const room = Math.min(length, MAX_PAYLOAD) - 4 * inside.length;
  const times = repeated.length === 0 ? 0 : Math.floor((room - start.length - end.length) / repeated.length);
  let payload = Buffer.concat([start, ...Array(Math.max(0, times)).fill(repeated), end]);
  for (const key of inside.toReversed()) {
    payload = Buffer.concat([Buffer.of(key), varint(payload.length), payload]);
  }
  payload = payload.subarray(0, MAX_PAYLOAD);
  return Buffer.concat([
    Buffer.of(tag, payload.length >> 16, (payload.length >> 8) & 0xff, payload.length & 0xff),
    payload,
  ]);
}

/** @param {number} value */
export function varint(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
