import { isUtf8 } from 'node:buffer';
import { MAX_PAYLOAD_LENGTH } from '../../codec/index.js';
import { isFieldKey, MALFORMED, skipValue, skipVarint, varintValue, WireType } from '../../codec/wire.js';
import { BoundaryLogError } from '../errors.js';
import { Copies } from './copies.js';
import { FastRedactor } from './fast-redactor.js';
import { KeptNames } from './kept-names.js';
import { ParsedNames } from './parsed-names.js';
import { Patches } from './patches.js';
import { Pattern } from './pattern.js';
import { Ranges } from './ranges.js';
import type { ResolvedRedactOptions } from './redact-options.js';
import { UrlScanner } from './url-scanner.js';

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
  readonly #names = new ParsedNames();
  readonly #secrets = new Ranges();
  readonly #scanner: UrlScanner;
  readonly #pattern: Pattern | undefined;
  readonly #matches = new Ranges();
  readonly #united = new Ranges();
  readonly #patches = new Patches();
  readonly #copies = new Copies();
  readonly #fast: FastRedactor | undefined;

  /** @throws ERR_INVALID_OPTION */
  constructor(owner: string, { keep, pattern }: ResolvedRedactOptions) {
    this.#scanner = new UrlScanner(new KeptNames(keep), this.#names, this.#secrets);
    this.#pattern = pattern === undefined ? undefined : new Pattern(`${owner}: pattern`, pattern);
    // A pattern needs each URL as a string. That takes so long that WebAssembly would not help.
    if (pattern === undefined) {
      this.#fast = new FastRedactor(this.#scanner, this.#secrets, keep.length > 0, this.#copies);
    }
  }

  /**
   * @param raw An encoded ReportBoundaryLogsRequest. It is not changed.
   * @returns `raw` itself if there is nothing to remove, otherwise a new buffer.
   * @throws ERR_REDACTION_FAILED if the bytes are not such a request.
   */
  redact(raw: Buffer): Buffer {
    this.#names.count(raw.length);
    return this.#fast?.redact(raw) ?? this.redactSlowly(raw);
  }

  /** Does the same without WebAssembly. */
  redactSlowly(raw: Buffer): Buffer {
    const patches = this.#patches;
    patches.clear();
    this.#message(raw, 0, 0, raw.length);
    if (patches.isEmpty) return raw;
    const length = patches.measure(raw.length, MAX_REQUEST_LENGTH);
    return this.#copies.make(length, (block, to) => patches.write(raw, block, to));
  }

  /** Finds the secrets in a message that is or contains the field at `depth` of {@link KEYS}. */
  #message(raw: Buffer, depth: number, start: number, end: number): void {
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
      if (key === KEYS[depth]) this.#content(raw, depth, afterKey, stop);
      pos = stop;
    }
  }

  /** Walks through a field that is a URL or contains URLs. Its length comes first. */
  #content(raw: Buffer, depth: number, lengthStart: number, stop: number): void {
    const start = skipVarint(raw, lengthStart, stop);
    const length = this.#patches.addLength(lengthStart, start);
    if (depth < URL_DEPTH) {
      this.#message(raw, depth + 1, start, stop);
    } else {
      const secrets = this.#secretsOf(raw, start, stop);
      for (let i = 0; i < secrets.count; i++) this.#patches.remove(raw, secrets.start(i), secrets.end(i));
    }
    this.#patches.endLength(length, stop);
  }

  #secretsOf(raw: Buffer, start: number, end: number): Ranges {
    const secrets = this.#secrets;
    secrets.clear();
    this.#scanner.scan(raw, start, end);
    if (this.#pattern === undefined || start === end) return secrets;
    if (!isUtf8(raw.subarray(start, end))) {
      // Only a batch that no codec has checked can get here. The pattern cannot be applied to it.
      secrets.clear();
      secrets.add(start, end);
      return secrets;
    }
    this.#matches.clear();
    this.#pattern.scan(raw, start, end, this.#matches);
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

function notARequest(): BoundaryLogError {
  return new BoundaryLogError(
    'ERR_REDACTION_FAILED',
    'the URLs of a batch cannot be redacted, because it is not a valid ReportBoundaryLogsRequest: the batch is dropped',
  );
}
