import type { LogBatch } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { type Format, type FormatOptions, linesOf } from './format.js';
import { appendJsonLines, type Progress } from './json-lines.js';
import type { TextBuffer } from './text-buffer.js';

/** A piece of text ends with the line that makes it this long. A frame can have megabytes of text. */
const PIECE_BYTES = 1 << 18;

/** Appends the next piece of a text. @returns how to append the rest, if there is any. */
export type Rest = (to: TextBuffer) => Rest | undefined;

/**
 * Appends the text of a batch, up to about 256 KiB of it.
 *
 * @returns how to append the rest, if there is any.
 * @throws ERR_INVALID_BATCH if it cannot be written, now or later. Its property `permanent` is true.
 */
export function appendBatch(
  batch: LogBatch,
  format: Format,
  options: FormatOptions,
  to: TextBuffer,
): Rest | undefined {
  if (format === 'json') return appendJson(batch, to);
  return appendLines(linesOf(batch, format, options), to);
}

/** The text of a batch in pieces. @throws as {@link appendBatch} */
export function* piecesOf(batch: LogBatch, format: Format, options: FormatOptions = {}): Generator<string> {
  let piece = '';
  const lines = linesOf(batch, format, options);
  for (let line = nextOf(lines); line !== undefined; line = nextOf(lines)) {
    piece += line;
    if (piece.length < PIECE_BYTES) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function appendJson(batch: LogBatch, to: TextBuffer, from?: Progress): Rest | undefined {
  const progress = appendJsonLines(batch, to, from);
  if (progress === undefined) return undefined;
  if (progress.isStuck) return appendLines(linesOf(batch, 'json', {}, progress.lines), to);
  return (to) => appendJson(batch, to, progress);
}

function appendLines(lines: Iterator<string>, to: TextBuffer): Rest | undefined {
  const end = to.length + PIECE_BYTES;
  while (to.length < end) {
    const line = nextOf(lines);
    if (line === undefined) return undefined;
    to.append(line);
  }
  return (to) => appendLines(lines, to);
}

/** An error here is one of the batch: it would be the same at each attempt. */
function nextOf(lines: Iterator<string>): string | undefined {
  try {
    const { value, done } = lines.next();
    return done ? undefined : value;
  } catch (cause) {
    const message = `this batch cannot be written as text: ${(cause as Error)?.message}`;
    const error = new BoundaryLogError('ERR_INVALID_BATCH', message, { cause });
    throw Object.assign(error, { permanent: true });
  }
}
