import { afterLength, lengthAt } from '../../../codec/wasm/wire';

/** Addresses of the first byte of a text, and of the byte after its last one. */
@unmanaged
export class Extent {
  start: usize;
  stop: usize;

  get length(): usize {
    return this.stop - this.start;
  }

  /** Sets it to the value of the field whose key is at `pos`. @returns the end of the field. */
  set(pos: usize): usize {
    this.start = afterLength(pos + 1);
    this.stop = this.start + lengthAt(pos + 1);
    return this.stop;
  }

  place(start: usize, stop: usize): void {
    this.start = start;
    this.stop = stop;
  }

  clear(): void {
    this.start = 0;
    this.stop = 0;
  }
}
