import { ownText } from '../own-text.js';

/** How many keys a map has at most, and how many characters they have altogether. */
const MAX_KEYS = 10_000;
const MAX_CHARACTERS = 2 ** 22;

/** A map of bounded size. Its keys come from agents, who may send any number of them, of any length. */
export class BoundedMap<Value> {
  /** How often a key was rejected because the map was full. */
  leftOut = 0;
  readonly #map = new Map<string, Value>();
  readonly #make: () => Value;
  #characters = 0;

  /** @param make Creates the value of a new key. */
  constructor(make: () => Value) {
    this.#make = make;
  }

  /** The value of a key. @returns undefined if the key is new, and there is no room for it. */
  get(key: string): Value | undefined {
    const known = this.#map.get(key);
    if (known !== undefined) return known;
    if (this.#map.size >= MAX_KEYS || this.#characters + key.length > MAX_CHARACTERS) {
      this.leftOut += 1;
      return undefined;
    }
    this.#characters += key.length;
    const value = this.#make();
    this.#map.set(ownText(key), value);
    return value;
  }

  get entries(): [string, Value][] {
    return [...this.#map];
  }
}
