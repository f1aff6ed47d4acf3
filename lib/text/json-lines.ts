import type { LogBatch } from '../../codec/index.js';
import { type Constant, instantiate } from '../../codec/web-assembly.js';
import { shownCharacters } from '../printable.js';
import { code } from './generated/json-lines.js';
import type { TextBuffer } from './text-buffer.js';

interface Lines {
  INPUT: Constant;
  INPUT_ROOM: Constant;
  OUTPUT: Constant;
  SHOWN: Constant;
  writeLines(length: number): number;
}

/**
 * See `wasm/json-lines.ts`. If it cannot run, `writeLines` supports nothing, and `formatBatch` writes all
 * lines.
 */
const lines = instantiate<Lines>(code);
const buffer = lines?.memory.buffer ?? new ArrayBuffer(0);
const input = new Uint8Array(buffer, lines?.INPUT.value, lines?.INPUT_ROOM.value);
const output = Buffer.from(buffer, lines?.OUTPUT.value);
/** Whether the module has the table of the characters that are shown as they are. */
let isShownKnown = false;
const writeLines = lines?.writeLines ?? (() => -1);

/**
 * Appends a batch as lines of JSON, if its messages are encoded as senders encode them, with times from 1970
 * to 9999, no negative numbers, and no field numbers above 15. The lines are identical to those of
 * `formatBatch`.
 *
 * @returns whether it appended them. If not, the buffer is unchanged: use `formatBatch`.
 */
export function appendJsonLines({ raw }: LogBatch, to: TextBuffer): boolean {
  if (raw.length > input.length) return false;
  input.set(raw);
  let length = writeLines(raw.length);
  if (length < 0 && !isShownKnown && lines !== undefined) {
    // It may not be ASCII. Most programs never need this table, which takes a few milliseconds.
    isShownKnown = true;
    shownCharacters(new Uint8Array(buffer, lines.SHOWN.value, 0x11_0000 >> 3));
    length = writeLines(raw.length);
  }
  if (length < 0) return false;
  to.reserve(length);
  to.end += output.copy(to.bytes, to.end, 0, length);
  return true;
}
