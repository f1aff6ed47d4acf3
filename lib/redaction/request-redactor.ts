import { isUtf8 } from 'node:buffer';
import { MAX_PAYLOAD_LENGTH } from '../../codec/index.js';
import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from '../../codec/wire.js';
import { BoundaryLogError } from '../errors.js';
import { KeptNames } from './kept-names.js';
import { IS_MARK, Patches, varintLength } from './patches.js';
import { Pattern } from './pattern.js';
import { Ranges } from './ranges.js';
import type { ResolvedRedactOptions } from './redact-options.js';
import { UrlScanner } from './url-scanner.js';

/** Stands in place of what was removed. All of its letters may be anywhere in a URL. */
const MARK = Buffer.from('REDACTED');
/** The same for a batch that would be too long: nothing that is removed is shorter, so no batch grows. */
const SHORT_MARK = Buffer.from('*');
/** The longest request that fits into a frame of either tag: that of tag 2 has a key and a length before it. */
const MAX_REQUEST_LENGTH = MAX_PAYLOAD_LENGTH - 4;

/** The keys on the way from a ReportBoundaryLogsRequest to its URLs: `logs`, `http_request`, `url`. */
const KEYS = [1, 3, 2].map((number) => (number << 3) | WireType.LENGTH);
const URL_DEPTH = KEYS.length - 1;

/**
 * Removes the secrets in the URLs of encoded requests. Every other byte remains as it was received, unknown fields
 * included, except for the lengths of the messages around a URL that changes.
 */
export class RequestRedactor {
  readonly #secrets = new Ranges();
  readonly #scanner: UrlScanner;
  readonly #pattern: Pattern | undefined;
  readonly #matches = new Ranges();
  readonly #united = new Ranges();
  readonly #patches = new Patches();
  #raw: Buffer = MARK;
  #mark: Buffer = MARK;

  /** @throws ERR_INVALID_OPTION */
  constructor(owner: string, { keep, pattern }: ResolvedRedactOptions) {
    this.#scanner = new UrlScanner(new KeptNames(keep), this.#secrets);
    this.#pattern = pattern === undefined ? undefined : new Pattern(`${owner}: pattern`, pattern);
  }

  /**
   * @param raw An encoded ReportBoundaryLogsRequest. It is not changed.
   * @returns `raw` itself if there is nothing to remove, otherwise a new buffer.
   * @throws ERR_REDACTION_FAILED if the bytes are not such a request.
   */
  redact(raw: Buffer): Buffer {
    this.#raw = raw;
    try {
      let growth = this.#findPatches(MARK);
      if (growth > 0 && raw.length + growth > MAX_REQUEST_LENGTH) growth = this.#findPatches(SHORT_MARK);
      return this.#patches.count === 0 ? raw : this.#patches.apply(raw, this.#mark, raw.length + growth);
    } finally {
      this.#raw = MARK;
    }
  }

  /** @returns by how many bytes the patches make the request longer. */
  #findPatches(mark: Buffer): number {
    this.#mark = mark;
    this.#patches.count = 0;
    return this.#message(0, 0, this.#raw.length);
  }

  #message(depth: number, start: number, end: number): number {
    const raw = this.#raw;
    let growth = 0;
    let pos = start;
    while (pos < end) {
      let afterKey = pos + 1;
      let key = raw[pos] as number;
      if (key >= 0x80) {
        // A key of more than one byte may still be one that is looked for.
        afterKey = skipVarint(raw, pos, end);
        if (afterKey === MALFORMED) throw notARequest();
        key = varintValue(raw, pos, afterKey);
      }
      if (!isFieldKey(key)) throw notARequest();
      const stop = endOfValue(raw, afterKey, end, key);
      if (key === KEYS[depth]) growth += this.#content(depth, afterKey, stop);
      pos = stop;
    }
    return growth;
  }

  /** A field that is a URL or contains some, with its length before it. */
  #content(depth: number, lengthStart: number, stop: number): number {
    const patches = this.#patches;
    const start = skipVarint(this.#raw, lengthStart, stop);
    const first = patches.count;
    // The length comes before the patches on which it depends.
    patches.add(lengthStart, start, 0);
    const growth = depth === URL_DEPTH ? this.#url(start, stop) : this.#message(depth + 1, start, stop);
    if (patches.count === first + 1) {
      patches.count = first;
      return 0;
    }
    const length = stop - start + growth;
    patches.setLength(first, length);
    return growth + varintLength(length) - (start - lengthStart);
  }

  #url(start: number, end: number): number {
    const raw = this.#raw;
    const mark = this.#mark;
    const secrets = this.#secretsOf(start, end);
    let growth = 0;
    for (let i = 0; i < secrets.count; i++) {
      const from = secrets.start(i);
      const to = secrets.end(i);
      if (isSame(raw, from, to, MARK) || isSame(raw, from, to, mark)) continue;
      this.#patches.add(from, to, IS_MARK);
      growth += mark.length - (to - from);
    }
    return growth;
  }

  #secretsOf(start: number, end: number): Ranges {
    const secrets = this.#secrets;
    secrets.clear();
    this.#scanner.scan(this.#raw, start, end);
    if (this.#pattern === undefined || start === end) return secrets;
    if (!isUtf8(this.#raw.subarray(start, end))) {
      // Only a batch that no codec has checked. The pattern cannot be applied to it.
      secrets.clear();
      secrets.add(start, end);
      return secrets;
    }
    this.#matches.clear();
    this.#pattern.scan(this.#raw, start, end, this.#matches);
    if (this.#matches.count === 0) return secrets;
    this.#united.unite(secrets, this.#matches);
    return this.#united;
  }
}

/** Position after the value of a field. Most are texts of less than 128 bytes, and small numbers. */
function endOfValue(raw: Buffer, pos: number, end: number, key: number): number {
  const byte = raw[pos] as number;
  if (byte < 0x80 && pos < end) {
    const wireType = key & 7;
    const stop = pos + 1 + (wireType === WireType.LENGTH ? byte : 0);
    if ((wireType === WireType.LENGTH || wireType === WireType.VARINT) && stop <= end) return stop;
  }
  const stop = skipValue(raw, pos, end, key & 7, key >>> 3);
  if (stop === MALFORMED) throw notARequest();
  return stop;
}

function isSame(raw: Buffer, start: number, end: number, mark: Buffer): boolean {
  return end - start === mark.length && raw.compare(mark, 0, mark.length, start, end) === 0;
}

function notARequest(): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_REDACTION_FAILED',
    'the URLs of a batch cannot be redacted, because it is not a valid ReportBoundaryLogsRequest: the batch is dropped',
  );
}
