import { StringDecoder } from 'node:string_decoder';
import { BoundaryLogError } from '../errors.js';
import { binaryKind } from './file-kind.js';

/** A line of text. */
export interface Line {
  /** From 1 on. */
  readonly number: number;
  /** Without its line end; undefined if it is too long. */
  readonly text: string | undefined;
  /** Whether a line feed ends it. Without one it may be the beginning of a line whose rest was not written. */
  readonly hasEnd: boolean;
}

/**
 * Splits UTF-8 into lines, each of at most so many characters. They may end with CRLF, the last one may have no end, and
 * a byte order mark at the beginning is ignored.
 *
 * @throws ERR_INVALID_OPTION if the text is UTF-16, or if it is not a text.
 */
export async function* linesOf(source: AsyncIterable<Uint8Array>, maxLength: number): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8');
  let number = 1;
  let begun = '';
  let isTooLong = false;
  let isFirst = true;

  const take = (text: string, hasEnd: boolean): Line => {
    const whole = (begun + text).replace(/\r$/, '');
    const line = { number, text: isTooLong || whole.length > maxLength ? undefined : whole, hasEnd };
    number += 1;
    begun = '';
    isTooLong = false;
    return line;
  };

  let head: Uint8Array = Buffer.alloc(0);
  for await (const chunk of source) {
    let text: string;
    if (isFirst) {
      head = Buffer.concat([head, chunk]);
      // A byte order mark may come in pieces.
      if (head.length < 3) continue;
      isFirst = false;
      text = decoder.write(withoutMark(head));
    } else {
      text = decoder.write(chunk as Buffer);
    }
    const [first = '', ...rest] = text.split('\n');
    let last = first;
    for (const next of rest) {
      yield take(last, true);
      last = next;
    }
    isTooLong ||= begun.length + last.length > maxLength + 1;
    begun = isTooLong ? '' : begun + last;
  }
  const rest = (isFirst ? decoder.write(withoutMark(head)) : '') + decoder.end();
  for (const text of rest.split('\n').slice(0, -1)) yield take(text, true);
  const last = rest.slice(rest.lastIndexOf('\n') + 1);
  if (begun !== '' || last !== '' || isTooLong) yield take(last, false);
}

function withoutMark(bytes: Uint8Array): Buffer {
  const head = Buffer.from(bytes);
  const kind = binaryKind(head);
  if (kind !== undefined) {
    throw new BoundaryLogError(
      'ERR_INVALID_OPTION',
      `the input has to be lines of JSON in UTF-8, but it is ${kind}`,
    );
  }
  return head.subarray(0, 3).toString('hex') === 'efbbbf' ? head.subarray(3) : head;
}
