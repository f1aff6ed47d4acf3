/** The names of parameters whose values are not removed. They are compared byte by byte with those in the URL. */
export class KeptNames {
  /** The names, by length. To create a string from the URL would take longer than to compare a few names. */
  readonly #names: readonly (readonly Buffer[])[];

  constructor(names: readonly string[]) {
    const byLength: Buffer[][] = [];
    for (const name of new Set(names)) {
      const bytes = Buffer.from(name);
      while (byLength.length <= bytes.length) byLength.push([]);
      byLength[bytes.length]?.push(bytes);
    }
    this.#names = byLength;
  }

  has(bytes: Buffer, start: number, end: number): boolean {
    const names = end > start ? this.#names[end - start] : undefined;
    if (names === undefined) return false;
    for (const name of names) if (isSame(name, bytes, start)) return true;
    return false;
  }
}

function isSame(name: Buffer, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
