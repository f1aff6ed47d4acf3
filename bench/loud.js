// What loud senders send, honest ones and hostile ones. Each block is one write.
import { encodeFrame } from 'boundary-log-proxy/codec';
import { blocksOf } from './load.js';

const BLOCK_BYTES = 65_536;
const MAX_PAYLOAD = 32_768;

/** @param {Buffer} frame @returns {Buffer[]} One block of as many such frames as fit, at least one. */
function blockOf(frame) {
  const times = Math.max(1, Math.floor(BLOCK_BYTES / frame.length));
  return [Buffer.concat(Array.from({ length: times }, () => frame))];
}

/** A field of protobuf that contains bytes. @param {number} field @param {Buffer} bytes */
function member(field, bytes) {
  /** @type {number[]} */
  const length = [];
  for (let n = bytes.length; ; n >>>= 7) {
    length.push(n > 0x7f ? (n & 0x7f) | 0x80 : n);
    if (n <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), bytes]);
}

/** @param {Buffer} piece @param {number} length */
function filled(piece, length) {
  return Buffer.concat(Array.from({ length: Math.floor(length / piece.length) }, () => piece));
}

const EMPTY_LOG = member(1, Buffer.alloc(0));
/** A field that the schema does not know, in a form that is longer than necessary. */
const UNKNOWN = Buffer.from([0xf8, 0x81, 0x80, 0x00, 0x81, 0x80, 0x00]);

/** @type {Record<string, Buffer[]>} */
export const LOUD = {
  honest: blocksOf(10).map(({ bytes }) => bytes),
  'empty frames': blockOf(encodeFrame(1, Buffer.alloc(0))),
  'invalid frames': blockOf(encodeFrame(2, Buffer.from([0xff]))),
  'expensive frames': [
    // Full of logs, of unknown fields in an unusual form, and of members of the envelope.
    ...blockOf(encodeFrame(1, filled(EMPTY_LOG, MAX_PAYLOAD))),
    ...blockOf(encodeFrame(1, filled(member(1, UNKNOWN), MAX_PAYLOAD))),
    ...blockOf(encodeFrame(2, filled(EMPTY_LOG, MAX_PAYLOAD))),
  ],
  'fatal headers': [Buffer.from([9, 0, 0, 0])],
};
