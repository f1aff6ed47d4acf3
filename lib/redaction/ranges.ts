/** A list of ranges in ascending order. It is reused, because creating a list takes longer than filling it. */
export class Ranges {
  /** How many ranges there are. */
  count = 0;
  #numbers = new Int32Array(64);

  /** Adds a range, unless it is empty. */
  add(start: number, end: number): void {
    if (start >= end) return;
    const at = 2 * this.count;
    if (at === this.#numbers.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at] = start;
    this.#numbers[at + 1] = end;
    this.count += 1;
  }

  start(index: number): number {
    return this.#numbers[2 * index] as number;
  }

  end(index: number): number {
    return this.#numbers[2 * index + 1] as number;
  }

  clear(): void {
    this.count = 0;
  }

  /** Copies the start and the end of each range, if there is room. */
  copyTo(target: Int32Array): boolean {
    if (2 * this.count > target.length) return false;
    for (let i = 0; i < 2 * this.count; i++) target[i] = this.#numbers[i] as number;
    return true;
  }

  /** Becomes the union of two other lists. Ranges that touch become one. */
  unite(a: Ranges, b: Ranges): void {
    this.clear();
    for (let i = 0, j = 0; i < a.count || j < b.count; ) {
      const isFromA = j >= b.count || (i < a.count && a.start(i) <= b.start(j));
      if (isFromA) this.#extend(a.start(i), a.end(i++));
      else this.#extend(b.start(j), b.end(j++));
    }
  }

  #extend(start: number, end: number): void {
    const last = this.count - 1;
    if (last < 0 || start > this.end(last)) this.add(start, end);
    else if (end > this.end(last)) this.#numbers[2 * last + 1] = end;
  }
}
