import { type Constant, instantiate } from '../../codec/web-assembly.js';
import type { Copies } from './copies.js';
import { code } from './generated/redact.js';
import type { Ranges } from './ranges.js';
import type { UrlScanner } from './url-scanner.js';

interface Redact {
  INPUT: Constant;
  INPUT_ROOM: Constant;
  OUTPUT: Constant;
  URL: Constant;
  SECRETS: Constant;
  SECRETS_ROOM: Constant;
  begin(length: number, hasKept: boolean): number;
  proceed(secrets: number): number;
}

/** Returned by the module; see `wasm/redact.ts`. */
const SAME = 0;
const UNUSUAL = -1;

/** The module of `wasm/redact.ts`, with its memory. */
class FastModule {
  readonly begin: Redact['begin'];
  readonly proceed: Redact['proceed'];
  readonly input: Uint8Array;
  readonly output: Buffer;
  readonly url: Int32Array;
  readonly secrets: Int32Array;

  constructor({ memory, ...exports }: Redact & { readonly memory: { readonly buffer: ArrayBuffer } }) {
    const { buffer } = memory;
    this.begin = exports.begin;
    this.proceed = exports.proceed;
    this.input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_ROOM.value);
    this.output = Buffer.from(buffer, exports.OUTPUT.value, exports.INPUT_ROOM.value);
    this.url = new Int32Array(buffer, exports.URL.value, 2);
    this.secrets = new Int32Array(buffer, exports.SECRETS.value, 2 * exports.SECRETS_ROOM.value);
  }
}

let fastModule: FastModule | undefined;

/** Only a program that redacts needs it. */
function theModule(): FastModule | undefined {
  const exports = fastModule === undefined ? instantiate<Redact>(code) : undefined;
  if (exports !== undefined) fastModule = new FastModule(exports);
  return fastModule;
}

/**
 * Redacts requests as {@link RequestRedactor} does, as long as nearly all of their URLs are ordinary. It is only an
 * optimisation.
 */
export class FastRedactor {
  readonly #module = theModule();
  readonly #scanner: UrlScanner;
  readonly #secrets: Ranges;
  readonly #hasKept: boolean;
  readonly #copies: Copies;

  /**
   * @param scanner Finds the secrets of a URL that is not ordinary, and adds them to `secrets`.
   * @param hasKept Whether there are names of parameters whose values remain.
   */
  constructor(scanner: UrlScanner, secrets: Ranges, hasKept: boolean, copies: Copies) {
    this.#scanner = scanner;
    this.#secrets = secrets;
    this.#hasKept = hasKept;
    this.#copies = copies;
  }

  /** @returns `raw` itself if there is nothing to remove, a new buffer, or undefined if JavaScript has to do it. */
  redact(raw: Buffer): Buffer | undefined {
    const fast = this.#module;
    if (fast === undefined || raw.length > fast.input.length) return undefined;
    fast.input.set(raw);
    let result = fast.begin(raw.length, this.#hasKept);
    while (result === UNUSUAL) {
      const secrets = this.#secrets;
      secrets.clear();
      this.#scanner.scan(raw, fast.url[0] as number, fast.url[1] as number);
      if (!secrets.copyTo(fast.secrets)) return undefined;
      result = fast.proceed(secrets.count);
    }
    if (result === SAME) return raw;
    if (result < SAME) return undefined;
    return this.#copies.make(result, (block, to) => fast.output.copy(block, to, 0, result));
  }
}
