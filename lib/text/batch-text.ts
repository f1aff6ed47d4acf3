import type { LogBatch } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { Guard } from '../guard.js';
import { messageOf } from '../printable.js';
import { type Format, type FormatOptions, type Lines, linesOf } from './format.js';
import { appendJsonLines, type Progress } from './json-lines.js';
import type { TextBuffer } from './text-buffer.js';

/** A piece of text ends with the line that makes it this long. A frame can have megabytes of text. */
const PIECE_BYTES = 1 << 18;

/** For a custom format that returns a promise instead of lines: it must not end the process if it rejects. */
const guard = new Guard(() => undefined);

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
  format: Format | Lines,
  options: FormatOptions,
  to: TextBuffer,
): Rest | undefined {
  if (format === 'json') return appendJson(batch, to);
  return appendLines(linesIn(batch, format, options), to);
}

/** The text of a batch in pieces. @throws as {@link appendBatch} */
export function* piecesOf(
  batch: LogBatch,
  format: Format | Lines,
  options: FormatOptions = {},
): Generator<string> {
  let piece = '';
  const lines = linesIn(batch, format, options);
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

function linesIn(batch: LogBatch, format: Format | Lines, options: FormatOptions): Iterator<string> {
  if (typeof format === 'string') return linesOf(batch, format, options);
  return orInvalid(() => {
    const lines = format(batch);
    guard.watch(lines);
    return lines[Symbol.iterator]();
  });
}

function nextOf(lines: Iterator<string>): string | undefined {
  return orInvalid(() => {
    const { value, done } = lines.next();
    if (done) return undefined;
    // A custom format may return anything.
    if (typeof value !== 'string') throw new TypeError('a line is not a string');
    return value;
  });
}

/** An error here is one of the batch: it would be the same at each attempt. */
function orInvalid<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    const message = `this batch cannot be written as text: ${messageOf(cause)}`;
    const error = new BoundaryLogError('ERR_INVALID_BATCH', message, { cause });
    throw Object.assign(error, { permanent: true });
  }
}
