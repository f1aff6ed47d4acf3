/**
 * Reads requests off the wire without an object for each log, for text. By hand, as `FieldCursor` takes four
 * times as long. Short because it gives up at what no known sender writes: see {@link WireLog.isOdd}.
 */
import { MALFORMED, skipValue, skipVarint, varintValue } from '../../codec/wire.js';

/** Keys of fields: in octal, the number and then the wire type. */
const LOG = 0o12;
const SESSION_ID = 0o22;
const PROCESS_NAME = 0o32;

const ALLOWED = 0o10;
const TIME = 0o22;
const HTTP_REQUEST = 0o32;
const SEQUENCE_NUMBER = 0o40;

const SECONDS = 0o10;
const NANOS = 0o20;

const METHOD = 0o12;
const URL = 0o22;
const MATCHED_RULE = 0o32;

/** Keys from here on have two bytes. */
const TWO_BYTES = 0x80;
/** Seven bytes have 49 bits, which fit a number. What is negative has ten. */
const MAX_VARINT_LENGTH = 7;

/** Where a text lies. */
export class Extent {
  start = 0;
  stop = 0;

  set(start: number, stop: number): void {
    this.start = start;
    this.stop = stop;
  }
}

/**
 * The fields of a request and of one log after the other: numbers, and where their texts lie. Of a field that
 * comes twice the last one stands, and messages that come twice merge, as protobuf has it.
 */
export class WireLog {
  /** How many logs there are in the request. */
  count = 0;
  readonly sessionId = new Extent();
  readonly processName = new Extent();

  allowed = false;
  sequenceNumber = 0;
  /** Whether there is a time. */
  hasTime = false;
  seconds = 0;
  nanos = 0;
  readonly method = new Extent();
  readonly url = new Extent();
  readonly matchedRule = new Extent();

  /**
   * What was read is not to be used: there is a field number from 16 on, a varint of more than
   * {@link MAX_VARINT_LENGTH} bytes, as of a negative number, or what is no message at all. From there on
   * nothing more is read.
   */
  isOdd = false;
  /** Where the varint ended that was read last. */
  #next = 0;

  /** Reads what the logs of a request have in common. It stands behind them. */
  readCommon(buf: Uint8Array): void {
    const end = buf.length;
    this.isOdd = false;
    this.count = 0;
    this.sessionId.set(0, 0);
    this.processName.set(0, 0);
    for (let pos = 0; pos < end; ) {
      const key = buf[pos] as number;
      if (key === LOG || key === SESSION_ID || key === PROCESS_NAME) {
        const stop = this.#readLength(buf, pos + 1, end);
        if (key === LOG) this.count += 1;
        else if (key === SESSION_ID) this.sessionId.set(this.#next, stop);
        else this.processName.set(this.#next, stop);
        pos = stop;
      } else {
        pos = this.#skip(buf, pos, end);
      }
    }
  }

  /**
   * Reads the first log of a request from `pos` on.
   *
   * @returns where it ends, or 0 where there is none any more.
   */
  readNext(buf: Uint8Array, pos: number): number {
    const end = buf.length;
    while (pos < end) {
      if (buf[pos] === LOG) {
        const stop = this.#readLength(buf, pos + 1, end);
        this.#readLog(buf, this.#next, stop);
        return stop;
      }
      pos = this.#skip(buf, pos, end);
    }
    return 0;
  }

  #readLog(buf: Uint8Array, pos: number, end: number): void {
    this.allowed = false;
    this.sequenceNumber = 0;
    this.hasTime = false;
    this.seconds = 0;
    this.nanos = 0;
    this.method.set(0, 0);
    this.url.set(0, 0);
    this.matchedRule.set(0, 0);
    while (pos < end) {
      const key = buf[pos] as number;
      if (key === ALLOWED) {
        this.allowed = this.#readVarint(buf, pos + 1, end) !== 0;
        pos = this.#next;
      } else if (key === TIME) {
        const stop = this.#readLength(buf, pos + 1, end);
        this.#readTime(buf, this.#next, stop);
        pos = stop;
      } else if (key === HTTP_REQUEST) {
        const stop = this.#readLength(buf, pos + 1, end);
        this.#readHttpRequest(buf, this.#next, stop);
        pos = stop;
      } else if (key === SEQUENCE_NUMBER) {
        this.sequenceNumber = this.#readVarint(buf, pos + 1, end);
        pos = this.#next;
      } else {
        pos = this.#skip(buf, pos, end);
      }
    }
  }

  #readTime(buf: Uint8Array, pos: number, end: number): void {
    this.hasTime = true;
    while (pos < end) {
      const key = buf[pos] as number;
      if (key === SECONDS) {
        this.seconds = this.#readVarint(buf, pos + 1, end);
        pos = this.#next;
      } else if (key === NANOS) {
        this.nanos = this.#readVarint(buf, pos + 1, end);
        pos = this.#next;
      } else {
        pos = this.#skip(buf, pos, end);
      }
    }
  }

  #readHttpRequest(buf: Uint8Array, pos: number, end: number): void {
    while (pos < end) {
      const key = buf[pos] as number;
      if (key === METHOD || key === URL || key === MATCHED_RULE) {
        const stop = this.#readLength(buf, pos + 1, end);
        if (key === METHOD) this.method.set(this.#next, stop);
        else if (key === URL) this.url.set(this.#next, stop);
        else this.matchedRule.set(this.#next, stop);
        pos = stop;
      } else {
        pos = this.#skip(buf, pos, end);
      }
    }
  }

  /** @returns where the content ends that begins at {@link #next}. */
  #readLength(buf: Uint8Array, pos: number, end: number): number {
    const length = this.#readVarint(buf, pos, end);
    return length <= end - this.#next ? this.#next + length : this.#giveUp(end);
  }

  #readVarint(buf: Uint8Array, pos: number, end: number): number {
    if (pos < end && (buf[pos] as number) < 0x80) {
      this.#next = pos + 1;
      return buf[pos] as number;
    }
    this.#next = skipVarint(buf, pos, end);
    if (this.#next === MALFORMED || this.#next - pos > MAX_VARINT_LENGTH) return this.#giveUp(end);
    return varintValue(buf, pos, this.#next);
  }

  /** @returns where a field ends of which nothing is known. */
  #skip(buf: Uint8Array, pos: number, end: number): number {
    const key = buf[pos] as number;
    const stop = key < TWO_BYTES ? skipValue(buf, pos + 1, end, key & 7, key >>> 3) : MALFORMED;
    return stop === MALFORMED ? this.#giveUp(end) : stop;
  }

  #giveUp(end: number): number {
    this.isOdd = true;
    this.#next = end;
    return end;
  }
}
