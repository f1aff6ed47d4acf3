/** How many ranges a leaf may have. With one list of 100,000 ranges, each number in their middle would move half of them. */
const LEAF = 128;

/** Neighbouring ranges, in order. The range at `i` goes from `from[i]` to `to[i]`, exclusive. */
class Leaf {
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly state: number[] = [];
}

/** A range of numbers with the same state. The end is exclusive. */
export type StateRange = readonly [from: number, to: number, state: number];

/**
 * Has a state for each whole number, which is 0 at first, and stores ranges of the same state instead of numbers. A
 * number at the end costs constant time, and one in the middle that of a search.
 */
export class RangeMap {
  /** How many ranges are stored. */
  size = 0;
  readonly #leaves: Leaf[] = [new Leaf()];

  /**
   * Continues the last range, if these numbers follow it and have its state.
   *
   * @returns whether it did.
   */
  extend(from: number, to: number, state: number): boolean {
    const leaf = this.#leaves[this.#leaves.length - 1] as Leaf;
    const last = leaf.to.length - 1;
    if (last < 0 || leaf.to[last] !== from || leaf.state[last] !== state) return false;
    leaf.to[last] = to;
    return true;
  }

  /**
   * Changes the states of a range of numbers.
   *
   * @param next Returns the new state of numbers that have the same one, which must not be 0. It is called for each such
   *   range, in order.
   */
  update(from: number, to: number, next: (state: number, from: number, to: number) => number): void {
    for (let at = from; at < to; ) {
      const index = this.#leafAt(at);
      const leaf = this.#leaves[index] as Leaf;
      const i = lastUpTo(leaf.from, at);
      const isInside = i >= 0 && at < (leaf.to[i] as number);
      const end = isInside ? (leaf.to[i] as number) : this.#beginAfter(index, i);
      const stop = Math.min(to, end);
      const old = isInside ? (leaf.state[i] as number) : 0;
      const state = next(old, at, stop);
      if (state !== old && !(isInside && moveBorder(leaf, i, at, stop, state))) {
        if (isInside) this.#cut(leaf, i, at, stop);
        this.#add(leaf, at, stop, state);
        if (leaf.from.length > LEAF) this.#split(index);
      }
      at = stop;
    }
  }

  /** The ranges whose state is not 0, in order. Two that follow each other without a gap differ in their state. */
  *[Symbol.iterator](): Generator<StateRange> {
    let from = 0;
    let to = 0;
    let state = 0;
    for (const leaf of this.#leaves) {
      for (let i = 0; i < leaf.from.length; i++) {
        // Ranges of different leaves are not joined when they are stored.
        if (leaf.from[i] === to && leaf.state[i] === state) {
          to = leaf.to[i] as number;
          continue;
        }
        if (state !== 0) yield [from, to, state];
        from = leaf.from[i] as number;
        to = leaf.to[i] as number;
        state = leaf.state[i] as number;
      }
    }
    if (state !== 0) yield [from, to, state];
  }

  /** The last leaf that begins at or before a number. */
  #leafAt(at: number): number {
    let low = 0;
    for (let high = this.#leaves.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (((this.#leaves[middle] as Leaf).from[0] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where the range after this one begins. */
  #beginAfter(index: number, i: number): number {
    return this.#leaves[index]?.from[i + 1] ?? this.#leaves[index + 1]?.from[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Removes the numbers from `from` to `to` from a range that contains them. */
  #cut(leaf: Leaf, i: number, from: number, to: number): void {
    const begin = leaf.from[i] as number;
    const end = leaf.to[i] as number;
    const state = leaf.state[i] as number;
    this.#remove(leaf, i);
    if (begin < from) this.#add(leaf, begin, from, state);
    if (to < end) this.#add(leaf, to, end, state);
  }

  /** Adds a range that overlaps no other one, and joins it with its neighbours of the same state. */
  #add(leaf: Leaf, from: number, to: number, state: number): void {
    const i = lastUpTo(leaf.from, from) + 1;
    const joinsLeft = i > 0 && leaf.to[i - 1] === from && leaf.state[i - 1] === state;
    const joinsRight = leaf.from[i] === to && leaf.state[i] === state;
    if (joinsLeft && joinsRight) {
      leaf.to[i - 1] = leaf.to[i] as number;
      this.#remove(leaf, i);
    } else if (joinsLeft) {
      leaf.to[i - 1] = to;
    } else if (joinsRight) {
      leaf.from[i] = from;
    } else {
      this.#insert(leaf, i, from, to, state);
    }
  }

  #insert(leaf: Leaf, i: number, from: number, to: number, state: number): void {
    leaf.from.splice(i, 0, from);
    leaf.to.splice(i, 0, to);
    leaf.state.splice(i, 0, state);
    this.size += 1;
  }

  #remove(leaf: Leaf, i: number): void {
    leaf.from.splice(i, 1);
    leaf.to.splice(i, 1);
    leaf.state.splice(i, 1);
    this.size -= 1;
  }

  #split(index: number): void {
    const leaf = this.#leaves[index] as Leaf;
    const right = new Leaf();
    for (const list of ['from', 'to', 'state'] as const) right[list].push(...leaf[list].splice(LEAF / 2));
    this.#leaves.splice(index + 1, 0, right);
  }
}

/**
 * Moves numbers from the beginning of a range to the range before it, if that has their new state and another range
 * remains. Batches that are repeated or dropped one after the other do this, and need no range more.
 *
 * @returns whether it did.
 */
function moveBorder({ from, to, state }: Leaf, i: number, at: number, stop: number, next: number): boolean {
  if (i === 0 || from[i] !== at || to[i] === stop || to[i - 1] !== at || state[i - 1] !== next) return false;
  to[i - 1] = stop;
  from[i] = stop;
  return true;
}

/** The index of the last number that is not larger than `at`; -1 if there is none. */
function lastUpTo(numbers: readonly number[], at: number): number {
  let low = -1;
  for (let high = numbers.length - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] as number) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
