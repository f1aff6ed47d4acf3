/** Room for what is written in one go at full speed, twice over. */
const SIZE = 1 << 19;

/**
 * Text that is gathered to be written in one go. What was taken is not written over, as nobody knows for how
 * long a stream keeps it: what comes next goes behind it, and in the end into new memory.
 */
export class TextBuffer {
  /** To write to, from {@link end} on, as much as was reserved. */
  bytes = Buffer.alloc(0);
  /** Where the text ends. Whoever writes moves it on. */
  end = 0;
  #start = 0;

  /** How many bytes were not taken yet. */
  get length(): number {
    return this.end - this.#start;
  }

  /** Makes room for so many bytes more. */
  reserve(length: number): void {
    if (this.end + length <= this.bytes.length) return;
    const gathered = this.bytes.subarray(this.#start, this.end);
    this.#renew(Math.max(SIZE, gathered.length + length));
    this.bytes.set(gathered);
    this.end = gathered.length;
  }

  append(text: string): void {
    this.reserve(Buffer.byteLength(text));
    this.end += this.bytes.write(text, this.end);
  }

  /** What was gathered since the last time. */
  take(): Buffer {
    const taken = this.bytes.subarray(this.#start, this.end);
    this.#start = this.end;
    // A long session in each of many logs makes a thousand times of what came: not to be kept.
    if (this.bytes.length > SIZE) this.#renew(0);
    return taken;
  }

  /** Nobody keeps what was taken: its memory is free. */
  reuse(): void {
    if (this.length > 0) return;
    this.#start = 0;
    this.end = 0;
  }

  #renew(length: number): void {
    this.bytes = Buffer.allocUnsafeSlow(length);
    this.#start = 0;
    this.end = 0;
  }
}
