import type { LogBatch } from '../../codec/index.js';
import { type Constant, instantiate } from '../../codec/web-assembly.js';
import { code } from './generated/json-lines.js';
import type { TextBuffer } from './text-buffer.js';

interface Lines {
  INPUT: Constant;
  INPUT_ROOM: Constant;
  OUTPUT: Constant;
  writeLines(length: number): number;
}

/** See `wasm/json-lines.ts`. Where it cannot run, `formatBatch` writes them all. */
const lines = instantiate<Lines>(code);
const buffer = lines?.memory.buffer ?? new ArrayBuffer(0);
const input = new Uint8Array(buffer, lines?.INPUT.value, lines?.INPUT_ROOM.value);
const output = Buffer.from(buffer, lines?.OUTPUT.value);
const writeLines = lines?.writeLines ?? (() => -1);

/**
 * Appends a batch as lines of JSON, to the byte as `formatBatch` writes them, if it is as nearly all are: times from
 * 1970 to 9999, no negative number, no field from 16 on.
 *
 * @returns false where it is not. Nothing was appended then.
 */
export function appendJsonLines({ raw }: LogBatch, to: TextBuffer): boolean {
  if (raw.length > input.length) return false;
  input.set(raw);
  const length = writeLines(raw.length);
  if (length < 0) return false;
  to.reserve(length);
  to.end += output.copy(to.bytes, to.end, 0, length);
  return true;
}
