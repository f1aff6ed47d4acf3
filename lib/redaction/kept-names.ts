/** The names of parameters whose values are not removed. They are compared byte by byte with those in the URL. */
export class KeptNames {
  readonly #names: ReadonlySet<string>;
  readonly #maxLength: number;

  constructor(names: readonly string[]) {
    // One letter for each byte, as the bytes of a URL are read.
    const asBytes = names.map((name) => Buffer.from(name).toString('latin1'));
    this.#names = new Set(asBytes);
    this.#maxLength = Math.max(0, ...asBytes.map(({ length }) => length));
  }

  has(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    return length > 0 && length <= this.#maxLength && this.#names.has(bytes.toString('latin1', start, end));
  }
}
