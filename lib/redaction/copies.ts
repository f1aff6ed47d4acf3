import { View } from '../../codec/view.js';

/** The length of a chunk that a socket reads. */
const BLOCK_LENGTH = 65_536;

/**
 * Creates Buffers as views of a larger block, like those of a chunk. To allocate memory for each Buffer would take longer
 * than everything else.
 */
export class Copies {
  #block = Buffer.allocUnsafeSlow(0);
  #used = 0;

  /** @returns a new Buffer, whose content `write` writes from the position `to` of `block`. */
  make(length: number, write: (block: Buffer, to: number) => void): Buffer {
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_LENGTH, length));
      this.#used = 0;
    }
    const to = this.#used;
    this.#used += length;
    write(this.#block, to);
    return new View(this.#block.buffer, to, length);
  }
}
