import type { LogBatch } from '../../codec/index.js';
import { type Constant, instantiate } from '../../codec/web-assembly.js';
import { code } from './generated/json-lines.js';
import type { TextBuffer } from './text-buffer.js';

interface Lines {
  INPUT: Constant;
  INPUT_ROOM: Constant;
  OUTPUT: Constant;
  PROGRESS: Constant;
  beginLines(length: number, from: number): number;
  writeLines(): number;
}

/** How much of a batch is written. */
export interface Progress {
  /** Where the rest begins in {@link LogBatch.raw}. */
  readonly offset: number;
  /** How many of its lines are written. */
  readonly lines: number;
  /** Whether WebAssembly cannot write the rest: it is not valid, or there is no WebAssembly. */
  readonly isStuck: boolean;
}

const NOTHING: Progress = { offset: 0, lines: 0, isStuck: false };

/** See `wasm/json-lines.ts`. If it cannot run, nothing fits into its memory, and `linesOf` writes all lines. */
const lines = instantiate<Lines>(code);
const buffer = lines?.memory.buffer ?? new ArrayBuffer(0);
const input = new Uint8Array(buffer, lines?.INPUT.value, lines?.INPUT_ROOM.value);
const output = Buffer.from(buffer, lines?.OUTPUT.value);
const progress = new Int32Array(buffer, lines?.PROGRESS.value, lines === undefined ? 0 : 2);

/** The batch that is in {@link input}, if its last piece was not the last one, and where its next piece begins. */
let begun: LogBatch | undefined;
let nextOffset = 0;

/**
 * Appends the next piece of a batch as lines of JSON, identical to those of `formatBatch`. A piece has about 256 KiB.
 *
 * @returns what is written by then, if that is not everything.
 */
export function appendJsonLines(
  batch: LogBatch,
  to: TextBuffer,
  from: Progress = NOTHING,
): Progress | undefined {
  const { raw } = batch;
  if (lines === undefined || raw.length > input.length) return { ...from, isStuck: true };
  let length: number;
  if (begun === batch && nextOffset === from.offset) {
    length = lines.writeLines();
  } else {
    begun = undefined;
    input.set(raw);
    length = lines.beginLines(raw.length, from.offset);
    if (length < 0) return { ...from, isStuck: true };
  }
  // Destructuring a typed array takes ten times as long.
  const offset = progress[0] as number;
  const written = progress[1] as number;
  to.reserve(length);
  to.end += output.copy(to.bytes, to.end, 0, length);
  begun = undefined;
  if (offset === raw.length) return undefined;
  const isStuck = length === 0;
  if (!isStuck) {
    begun = batch;
    nextOffset = offset;
  }
  return { offset, lines: from.lines + written, isStuck };
}
