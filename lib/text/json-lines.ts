/**
 * JSON straight from the bytes that came, with no object and no string between. That is more code than
 * `formatBatch` is, which says what comes out of it, for a tenth of the time.
 */
import type { LogBatch } from '../../codec/index.js';
import {
  copyPlain,
  isPlainTime,
  MAX_TIME_LENGTH,
  ShortText,
  SPARE,
  writeNumber,
  writeTime,
} from './ascii.js';
import { MESSAGE } from './event.js';
import type { TextBuffer } from './text-buffer.js';
import { type Extent, WireLog } from './wire-log.js';

const MAX_INT32 = 0x7fff_ffff;

const NUMBER = new ShortText(',"sequence_number":');
const METHOD = new ShortText(',"http_method":"');
const URL = new ShortText(',"http_url":"');
const TIME = new ShortText(',"event_time":"');
const RULE = new ShortText(',"matched_rule":"');
const QUOTE = new ShortText('"');
const END = new ShortText('}\n');

/** The most that a line has beside what is common to its batch, and what lies on the wire. */
const FIXED_LENGTH =
  [NUMBER, METHOD, QUOTE, URL, QUOTE, TIME, QUOTE, RULE, QUOTE, END].reduce(
    (sum, { length }) => sum + length,
    0,
  ) +
  String(MAX_INT32).length +
  MAX_TIME_LENGTH;

/**
 * Appends batches as lines of JSON, to the byte as `formatBatch` writes them, where they are as nearly all are:
 * texts of printable ASCII without `"` and `\`, times from 1970 to 9999, no negative number, no field from 16 on.
 */
export class JsonLines {
  readonly #log = new WireLog();
  /** What the logs of a batch have in common, as it came, and as it is written. The next batch mostly has the same. */
  #sessionId = bytes('');
  #processName = bytes('');
  #allow = head('allow', '');
  #deny = head('deny', '');
  #process = bytes('');
  /** Not 0 once the batch has what is not plain. */
  #odd = 0;

  /** @returns false where the batch is not as nearly all are. Nothing was appended then. */
  append({ raw }: LogBatch, to: TextBuffer): boolean {
    const log = this.#log;
    log.readCommon(raw);
    if (log.isOdd || !this.#useCommon(raw)) return false;
    to.reserve(log.count * (this.#allow.length + this.#process.length + FIXED_LENGTH) + raw.length + SPARE);
    this.#odd = 0;
    const text = new DataView(raw.buffer, raw.byteOffset, raw.length);
    let at = to.end;
    for (let pos = log.readNext(raw, 0); pos > 0 && this.#odd === 0; pos = log.readNext(raw, pos)) {
      at = this.#writeLine(to, at, text);
    }
    if (log.isOdd || this.#odd !== 0) return false;
    to.end = at;
    return true;
  }

  /** @returns false where it is not plain. */
  #useCommon(raw: Buffer): boolean {
    const { sessionId, processName } = this.#log;
    if (!isAt(this.#sessionId, raw, sessionId)) {
      const id = raw.toString('latin1', sessionId.start, sessionId.stop);
      if (!isPlain(id)) return false;
      this.#sessionId = bytes(id);
      this.#allow = head('allow', id);
      this.#deny = head('deny', id);
    }
    if (!isAt(this.#processName, raw, processName)) {
      const name = raw.toString('latin1', processName.start, processName.stop);
      if (!isPlain(name)) return false;
      this.#processName = bytes(name);
      this.#process = bytes(name === '' ? '' : `,"confined_process_name":"${name}"`);
    }
    return true;
  }

  #writeLine({ bytes, view }: TextBuffer, at: number, text: DataView): number {
    const log = this.#log;
    const { sequenceNumber, seconds, nanos } = log;
    if (log.isOdd || sequenceNumber > MAX_INT32 || !isPlainTime(seconds, nanos)) {
      this.#odd = 1;
      return at;
    }
    at = copy(bytes, at, log.allowed ? this.#allow : this.#deny);
    if (this.#sessionId.length > 0 || sequenceNumber > 0) {
      at = writeNumber(view, NUMBER.write(view, at), sequenceNumber);
    }
    at = copy(bytes, at, this.#process);
    at = this.#writeText(view, at, METHOD, text, log.method);
    at = this.#writeText(view, at, URL, text, log.url);
    if (log.hasTime) {
      at = writeTime(view, TIME.write(view, at), seconds, nanos);
      at = QUOTE.write(view, at);
    }
    at = this.#writeText(view, at, RULE, text, log.matchedRule);
    return END.write(view, at);
  }

  #writeText(view: DataView, at: number, name: ShortText, text: DataView, { start, stop }: Extent): number {
    if (start === stop) return at;
    at = name.write(view, at);
    this.#odd |= copyPlain(view, at, text, start, stop);
    return QUOTE.write(view, at + stop - start);
  }
}

function copy(out: Uint8Array, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}

/** The beginning of a line, which it shares with those of the same session and decision. */
function head(decision: 'allow' | 'deny', sessionId: string): Uint8Array {
  const id = sessionId === '' ? '' : `,"session_id":"${sessionId}"`;
  return bytes(`{"msg":"${MESSAGE}","decision":"${decision}"${id}`);
}

function isAt(bytes: Uint8Array, raw: Uint8Array, { start, stop }: Extent): boolean {
  if (stop - start !== bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== raw[start + i]) return false;
  return true;
}

function isPlain(text: string): boolean {
  return /^[ !#-[\]-~]*$/.test(text);
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
