/** Twice as many bytes as are written at once at full speed. */
const SIZE = 1 << 19;

/**
 * Collects text for one large write. It does not overwrite text that `take()` returned, because a stream may
 * keep it for any time. New text goes after it, and into new memory when the old memory is full.
 */
export class TextBuffer {
  /** The memory. Callers may write the bytes that they reserved, from {@link end} on. */
  bytes = Buffer.alloc(0);
  /** Position after the text. Callers that write to {@link bytes} increase it. */
  end = 0;
  #start = 0;

  /** Number of bytes that `take()` has not returned yet. */
  get length(): number {
    return this.end - this.#start;
  }

  /** Makes sure that there is room for `length` more bytes. */
  reserve(length: number): void {
    if (this.end + length <= this.bytes.length) return;
    const gathered = this.bytes.subarray(this.#start, this.end);
    // Twice as much, because a long text may arrive line by line.
    this.#renew(Math.max(SIZE, 2 * gathered.length + length));
    this.bytes.set(gathered);
    this.end = gathered.length;
  }

  append(text: string): void {
    this.reserve(Buffer.byteLength(text));
    this.end += this.bytes.write(text, this.end);
  }

  /** Appends text that is encoded already. */
  appendBytes(text: Uint8Array): void {
    this.reserve(text.length);
    this.bytes.set(text, this.end);
    this.end += text.length;
  }

  /** Removes the end of the text, so that {@link length} is `length`. */
  truncate(length: number): void {
    this.end = this.#start + length;
  }

  /** Returns the text that was added since the last call. */
  take(): Buffer {
    const text = this.bytes.subarray(this.#start, this.end);
    this.#start = this.end;
    // Do not keep the memory of an unusually long text.
    if (this.bytes.length > SIZE) this.#renew(0);
    return text;
  }

  /** Says that nobody keeps text that `take()` returned, so that its memory may be overwritten. */
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
