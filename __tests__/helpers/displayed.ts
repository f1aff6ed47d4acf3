import { LogBatch, Tag } from '../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../codec/messages.js';
import { FIELDS, HOSTILE } from './hostile-strings.js';

/** An event with a hostile text in one of its fields, as its batch and as what a reader must get from its line. */
export interface Displayed {
  readonly name: string;
  readonly batch: LogBatch;
  readonly event: Readonly<Record<string, string>>;
}

/** Each hostile text in each field. */
export const DISPLAYED: readonly Displayed[] = HOSTILE.flatMap(([what, text]) =>
  FIELDS.map((field) => {
    const event = {
      decision: 'deny',
      session_id: 's',
      sequence_number: '7',
      confined_process_name: 'p',
      http_method: 'GET',
      http_url: 'https://example.com/',
      event_time: '2026-03-03T19:42:34.12Z',
      matched_rule: 'r',
      [field]: text,
    };
    const request = {
      sessionId: event.session_id,
      confinedProcessName: event.confined_process_name,
      logs: [
        {
          time: { seconds: 1_772_566_954, nanos: 120_000_000 },
          httpRequest: { method: event.http_method, url: event.http_url, matchedRule: event.matched_rule },
          sequenceNumber: 7,
        },
      ],
    };
    const raw = Buffer.from(ReportBoundaryLogsRequest.encode(request).finish());
    return { name: `${what} in ${field}`, batch: new LogBatch(Tag.V2, 1, raw), event };
  }),
);

/** What a line must not contain: whatever is not a letter, a number, punctuation, a symbol or a space. */
export const INVISIBLE = /[^ \p{L}\p{N}\p{P}\p{S}]|\p{Default_Ignorable_Code_Point}|\u2800|[\u0590-\u08ff]/u;

/** Reads the values of a line one after the other: a string of JSON, or everything up to the next space. */
class Line {
  #rest: string;

  constructor(line: string) {
    this.#rest = line.trimStart();
  }

  get isOver(): boolean {
    return this.#rest === '';
  }

  value(): string {
    const [shown] = /^(?:"(?:[^"\\]|\\.)*"|[^\s"][^\s"]*)(?= |$)/.exec(this.#rest) ?? [];
    if (shown === undefined) throw new Error(`this does not begin with a value: ${this.#rest}`);
    this.#rest = this.#rest.slice(shown.length).trimStart();
    return shown.startsWith('"') ? JSON.parse(shown) : shown;
  }

  pairs(): Record<string, string> {
    const pairs: Record<string, string> = {};
    while (!this.isOver) {
      const [start = '', name = ''] = /^(\w+)=/.exec(this.#rest) ?? [];
      if (start === '' || name in pairs)
        throw new Error(`this does not begin with a new field: ${this.#rest}`);
      this.#rest = this.#rest.slice(start.length);
      pairs[name] = this.value();
    }
    return pairs;
  }
}

export function readLogfmt(text: string): Record<string, string> {
  return new Line(text).pairs();
}

/** Reads a line of `pretty`, whose first values have no names. */
export function readPretty(text: string): Record<string, string> {
  const line = new Line(text);
  const [time, decision, http_method, http_url] = [line.value(), line.value(), line.value(), line.value()];
  return { time, decision, http_method, http_url, ...line.pairs() };
}
