/** How many ranges a leaf may have. In a single list of 100,000 ranges, each insertion would move half of them. */
const LEAF = 128;

/** Neighbouring ranges, in order. The range at `i` goes from `from[i]` to `to[i]`, exclusive. */
class Leaf {
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly state: number[] = [];
}

/** Returns the new state of numbers that have the same one. */
export type NextState = (state: number, from: number, to: number) => number;

/**
 * Maps each whole number to a state, which is 0 at first. It stores ranges of the same state instead of numbers. To append
 * takes constant time, and to change a number in the middle takes a binary search.
 */
export class RangeMap {
  /** How many ranges are stored. */
  size = 0;
  /** The only range, as long as there are no leaves. Most sessions never need a second one. */
  #from = 0;
  #to = 0;
  #state = 0;
  #leaves: Leaf[] | undefined;

  /** Adds the first range. */
  begin(from: number, to: number, state: number): void {
    this.size = 1;
    this.#from = from;
    this.#to = to;
    this.#state = state;
  }

  /**
   * Extends the last range by these numbers, if they follow it and have its state.
   *
   * @returns whether it was extended.
   */
  extend(from: number, to: number, state: number): boolean {
    if (this.#leaves === undefined) {
      if (this.size === 0 || this.#to !== from || this.#state !== state) return false;
      this.#to = to;
      return true;
    }
    const leaf = this.#leaves[this.#leaves.length - 1] as Leaf;
    const last = leaf.to.length - 1;
    if (leaf.to[last] !== from || leaf.state[last] !== state) return false;
    leaf.to[last] = to;
    return true;
  }

  /**
   * Changes the states of a range of numbers.
   *
   * @param next Returns the new state of numbers that have the same one, which must not be 0. It is called for each such
   *   range, in order.
   */
  update(from: number, to: number, next: NextState): void {
    this.#leaves ??= this.#firstLeaf();
    const leaves = this.#leaves;
    for (let at = from; at < to; ) {
      const index = leafAt(leaves, at);
      const leaf = leaves[index] as Leaf;
      const i = lastUpTo(leaf.from, at);
      const isInside = i >= 0 && at < (leaf.to[i] as number);
      const end = isInside ? (leaf.to[i] as number) : beginAfter(leaves, index, i);
      const stop = Math.min(to, end);
      const old = isInside ? (leaf.state[i] as number) : 0;
      const state = next(old, at, stop);
      if (state !== old && !(isInside && moveBorder(leaf, i, at, stop, state))) {
        if (isInside) this.#cut(leaf, i, at, stop);
        this.#add(leaf, at, stop, state);
        if (leaf.from.length > LEAF) split(leaves, index);
      }
      at = stop;
    }
  }

  /** Whether the state of a number is not 0. */
  has(number: number): boolean {
    if (this.#leaves === undefined) return number >= this.#from && number < this.#to;
    const leaf = this.#leaves[leafAt(this.#leaves, number)] as Leaf;
    const i = lastUpTo(leaf.from, number);
    return i >= 0 && number < (leaf.to[i] as number);
  }

  /** Calls back for each range whose state is not 0, in order. Two without a gap between them differ in their state. */
  forEach(use: (from: number, to: number, state: number) => void): void {
    let from = this.#from;
    let to = this.#to;
    let state = this.#state;
    for (const leaf of this.#leaves ?? []) {
      for (let i = 0; i < leaf.from.length; i++) {
        // Ranges of different leaves are not joined when they are stored.
        if (leaf.from[i] === to && leaf.state[i] === state) {
          to = leaf.to[i] as number;
          continue;
        }
        if (state !== 0) use(from, to, state);
        from = leaf.from[i] as number;
        to = leaf.to[i] as number;
        state = leaf.state[i] as number;
      }
    }
    if (state !== 0) use(from, to, state);
  }

  #firstLeaf(): Leaf[] {
    const leaf = new Leaf();
    if (this.size === 1) {
      leaf.from.push(this.#from);
      leaf.to.push(this.#to);
      leaf.state.push(this.#state);
    }
    this.#state = 0;
    return [leaf];
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
}

/** The last leaf that begins at or before a number. */
function leafAt(leaves: readonly Leaf[], at: number): number {
  let low = 0;
  for (let high = leaves.length - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if (((leaves[middle] as Leaf).from[0] as number) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where the range after this one begins. */
function beginAfter(leaves: readonly Leaf[], index: number, i: number): number {
  return leaves[index]?.from[i + 1] ?? leaves[index + 1]?.from[0] ?? Number.POSITIVE_INFINITY;
}

function split(leaves: Leaf[], index: number): void {
  const leaf = leaves[index] as Leaf;
  const right = new Leaf();
  for (const list of ['from', 'to', 'state'] as const) right[list].push(...leaf[list].splice(LEAF / 2));
  leaves.splice(index + 1, 0, right);
}

/**
 * Moves numbers from the beginning of a range to the range before it, if that has their new state and another range
 * remains. So batches that are repeated or dropped one after the other need no additional range.
 *
 * @returns whether numbers were moved.
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
