import { messageOf } from '../printable.js';
import { eventOfCutLine } from './cut-line.js';
import { EventLines, OTHER } from './event-line.js';
import type { FaultListener, Recorded } from './record.js';
import { linesOf } from './text-lines.js';

/** Longest line that is read, in characters. An event that fits into a frame is far shorter. */
export const MAX_LINE_LENGTH = 1 << 20;

/** The events in lines of text. Reports a fault for each line that cannot be read. */
export async function* recordsInLines(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  onFault: FaultListener,
): AsyncGenerator<Recorded> {
  const lines = new EventLines();
  let [events, others, faults] = [0, 0, 0];
  for await (const { number, text, hasEnd } of linesOf(chunks, MAX_LINE_LENGTH)) {
    if (text?.trim() === '') continue;
    const place = { file, line: number };
    try {
      if (text === undefined) throw new Error(`it has more than ${MAX_LINE_LENGTH} characters`);
      const event = lines.read(text);
      // A cut line of JSON is not JSON. A cut line of anything else looks like an event with a shorter URL.
      if (event !== OTHER && !hasEnd && !text.startsWith('{')) throw new Error('it has no line feed');
      if (event === OTHER) {
        others += 1;
      } else {
        events += 1;
        yield { kind: 'event', event, place };
      }
    } catch (error) {
      faults += 1;
      const what = error instanceof SyntaxError ? 'it is not valid JSON: ' : '';
      const cut = hasEnd ? '' : '. It is the last line, and was probably cut';
      const event = eventOfCutLine(text ?? '');
      const message = `${what}${messageOf(error)}${cut}`;
      onFault({ message, place, isLoss: true, ...(event !== undefined && { event }) });
    }
  }
  if (events === 0 && faults === 0 && others > 0) {
    const message = `none of its ${others} lines is an event of boundary`;
    onFault({ message, place: { file }, isLoss: false });
  }
}
