import { createHash } from 'node:crypto';
import { invalidOption } from '../options.js';
import { ownText } from '../own-text.js';
import { placeText, type RecordedEvent } from '../records/record.js';
import { RangeMap } from '../sessions/range-map.js';
import { MAX_ID_LENGTH } from '../sessions/session-ledger.js';
import type { BoundaryEvent } from '../text/event.js';
import { logfmtValue } from '../text/logfmt-value.js';
import { parseTime } from '../text/timestamp.js';
import { isReadOnce } from './input-file.js';
import type { Io } from './io.js';
import { jsonLine } from './json-line.js';
import { RecordInput } from './record-input.js';
import { counted } from './text-table.js';

/** How many ranges of numbers, and how many contents, are kept in memory: about 100 MB. */
const MAX_KEPT = 500_000;

/** The events whose content has a hash that leaves `rest` when divided by `parts`. */
interface Part {
  readonly rest: number;
  readonly parts: number;
}

/**
 * Finds the events of a record that another one lacks. It looks for an event by its session and its number. If the other
 * record has no sessions, or the event has none, it compares the content: decision, method, URL and time.
 *
 * It keeps ranges of the numbers of the other record, and a hash of each content that it may look for. If there are too many
 * hashes, it divides them into parts, and reads both records once more for each part. So its memory is bounded.
 */
export class RecordComparison {
  readonly #files: readonly string[];
  readonly #against: string;
  readonly #io: Io;
  readonly #maxKept: number;
  /** Whether this record and the other one can be read only once, as pipes can. */
  readonly #isOnce: boolean;
  readonly #isOtherOnce: boolean;
  /** The numbers that the other record has, by session. */
  readonly #numbers = new Map<string, RangeMap>();
  /** How many copies of each content it has. */
  readonly #contents = new Map<string, number>();
  /** Whether the other record has events without a session, and whether this one has. */
  #hasPlainThere = false;
  #hasPlainHere = true;
  #events = 0;
  #lacking = 0;
  #hasLoss = false;

  /** @throws ERR_INVALID_OPTION if a file cannot be read. */
  constructor(files: readonly string[], against: string, io: Io, maxKept = MAX_KEPT) {
    this.#files = files.length === 0 ? ['-'] : files;
    this.#against = against;
    this.#io = io;
    this.#maxKept = maxKept;
    // Reports early what is wrong. The files are opened again when they are read.
    new RecordInput([...this.#files, against], io);
    this.#isOnce = this.#files.some(isReadOnce);
    this.#isOtherOnce = isReadOnce(against);
  }

  /** Whether it is certain that the other record has every event. */
  get isComplete(): boolean {
    return this.#lacking === 0 && !this.#hasLoss;
  }

  /** A line for each event that the other record lacks, and then the result. */
  async *lines(isJson: boolean): AsyncGenerator<string> {
    // A pipe can be read only once, so its events may be with or without sessions.
    if (!this.#isOnce) await this.#lookForPlain();
    const left: Part[] = [{ rest: 0, parts: 1 }];
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      if (await this.#read(part)) {
        yield* this.#compare(part, isJson, this.#isOnce);
        continue;
      }
      if (this.#isOnce || this.#isOtherOnce)
        throw this.#tooMuch('that both records are files, and not pipes');
      const { rest, parts } = part;
      left.push({ rest, parts: 2 * parts }, { rest: rest + parts, parts: 2 * parts });
    }
    const result = { events: this.#events, lacking: this.#lacking, isReadable: !this.#hasLoss };
    yield isJson ? jsonLine({ kind: 'total', ...result }) : sentence(result);
  }

  async #lookForPlain(): Promise<void> {
    this.#hasPlainHere = false;
    for await (const { event } of this.#recordedIn(this.#files, true)) {
      if (numberOf(event) === undefined) this.#hasPlainHere = true;
    }
  }

  /** Reads the other record. @returns whether the contents of this part are few enough to be kept. */
  async #read({ rest, parts }: Part): Promise<boolean> {
    const isFirst = parts === 1;
    let ranges = 0;
    let fits = true;
    this.#contents.clear();
    for await (const { event } of this.#recordedIn([this.#against], isFirst)) {
      const number = numberOf(event);
      if (number === undefined) this.#hasPlainThere = true;
      else if (isFirst) ranges += this.#addNumber(event.session_id as string, number);
      if (ranges > this.#maxKept) throw this.#tooMuch('a record whose sessions have fewer gaps');
      if (!fits || (number !== undefined && !this.#hasPlainHere)) continue;
      const content = contentOf(event);
      if (restOf(content, parts) !== rest) continue;
      this.#contents.set(content, (this.#contents.get(content) ?? 0) + 1);
      if (this.#contents.size <= this.#maxKept) continue;
      if (!isFirst) return false;
      // Its numbers are still to be read.
      fits = false;
      this.#contents.clear();
    }
    return fits;
  }

  async *#compare({ rest, parts }: Part, isJson: boolean, isFirst: boolean): AsyncGenerator<string> {
    const needsContent = parts > 1 || this.#hasPlainThere || this.#hasPlainHere;
    for await (const record of this.#recordedIn(this.#files, isFirst)) {
      const content = needsContent ? contentOf(record.event) : '';
      if (needsContent && restOf(content, parts) !== rest) continue;
      this.#events += 1;
      if (this.#has(record.event, content)) continue;
      this.#lacking += 1;
      yield isJson ? lackingLine(record) : textLine(record);
    }
  }

  /** Whether the other record has an event. */
  #has(event: BoundaryEvent, content: string): boolean {
    const number = numberOf(event);
    if (number !== undefined && this.#numbers.get(event.session_id as string)?.has(number)) return true;
    // The number alone decides, unless the other record has events without a session.
    if (number !== undefined && !this.#hasPlainThere) return false;
    const copies = this.#contents.get(content) ?? 0;
    // Events that are equal to the nanosecond are copies of one. Without a time, they may be different events.
    if (copies > 0 && event.event_time === undefined) this.#contents.set(content, copies - 1);
    return copies > 0;
  }

  /** @returns how many ranges were added. */
  #addNumber(sessionId: string, number: number): number {
    let numbers = this.#numbers.get(sessionId);
    if (numbers === undefined) {
      numbers = new RangeMap();
      this.#numbers.set(ownText(sessionId), numbers);
    }
    const before = numbers.size;
    if (!numbers.extend(number, number + 1, 1)) numbers.update(number, number + 1, () => 1);
    return numbers.size - before;
  }

  /** @param isFirst Whether to write to stderr what cannot be read. */
  async *#recordedIn(files: readonly string[], isFirst: boolean): AsyncGenerator<RecordedEvent> {
    const silent = { ...this.#io, stderr: { write: () => true } as unknown as Io['stderr'] };
    const input = new RecordInput(files, isFirst ? this.#io : silent);
    for await (const record of input.records()) if (record.kind === 'event') yield record;
    this.#hasLoss ||= input.hasLoss;
  }

  #tooMuch(expected: string): Error {
    return invalidOption('--against', this.#against, `${expected}: the comparison needs too much memory`);
  }
}

/** The number of an event of a session; undefined if it has none. */
function numberOf({ session_id, sequence_number = -1 }: BoundaryEvent): number | undefined {
  // As in a ledger, an id that could fill the memory counts as none.
  const isId = session_id !== undefined && session_id !== '' && session_id.length <= MAX_ID_LENGTH;
  return isId && sequence_number >= 0 ? sequence_number : undefined;
}

/** A hash of what all records of an event have in common, with and without a session. */
function contentOf({ decision, http_method = '', http_url = '', event_time }: BoundaryEvent): string {
  const { seconds, nanos } = (event_time === undefined ? undefined : parseTime(event_time)) ?? {};
  const text = JSON.stringify([decision, http_method, http_url, seconds ?? null, nanos ?? null]);
  return createHash('sha256').update(text).digest().toString('latin1', 0, 16);
}

/** Which of the parts a content belongs to. The number of parts is a power of 2. */
function restOf(content: string, parts: number): number {
  let hash = 0;
  for (let i = 0; i < 4; i++) hash = hash * 256 + content.charCodeAt(i);
  return hash % parts;
}

function lackingLine({ event, place }: RecordedEvent): string {
  return jsonLine({ kind: 'lacking', place, event });
}

function textLine({ event, place }: RecordedEvent): string {
  const fields = Object.entries(event).map(([name, value]) => `${name}=${logfmtValue(String(value))}`);
  return `${placeText(place)}: ${fields.join(' ')}\n`;
}

function sentence({
  events,
  lacking,
  isReadable,
}: {
  events: number;
  lacking: number;
  isReadable: boolean;
}): string {
  const also = isReadable ? '' : 'Something could not be read, so more may be lacking.\n';
  if (events === 0) return `There are no events.\n${also}`;
  const result = lacking === 0 ? 'The other record has all' : `The other record lacks ${lacking} of`;
  return `${result} ${counted(events, 'event')}.\n${also}`;
}
