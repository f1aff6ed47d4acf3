import { type NextState, RangeMap } from './range-map.js';
import {
  LOST_BY,
  type Losses,
  type SessionReport,
  type Uncertainty,
  type Verdict,
} from './session-report.js';

/** What a ledger needs to know of a batch. A `LogBatch` has all of these properties. */
export interface NumberedBatch {
  /** The id of the events' session, which is kept in memory; empty if they have none. */
  readonly sessionId: string;
  /** How many events there are. */
  readonly count: number;
  /** How many of them boundary allowed. */
  readonly allowed: number;
  /** The number of the first event, if the numbers of the batch are consecutive. Otherwise -1. */
  readonly firstNumber: number;
  /**
   * The number of each event, for a batch whose `firstNumber` is -1. A number below 0 stands for none. If the list is
   * shorter than `count`, the numbers were not read, and the verdict is `unknown`.
   */
  readonly numbers: readonly number[];
}

/** How many gaps a report contains. */
const MAX_GAPS = 100;

/** The state of a number: how many copies of its event have arrived and were not dropped. */
const ARRIVED = 1;
/**
 * More copies than this are not counted. Otherwise a sender that repeats its numbers for ever would create a range for
 * each different count.
 */
const MAX_COPIES = 15;
/** The state of a number all of whose copies were dropped: this constant, minus the index of the reason. */
const LOST = -1;

/** Reasons with their index, which the sessions of a ledger share. */
export interface Reasons {
  readonly names: readonly string[];
  readonly isReporter: (index: number) => boolean;
}

/** What a ledger keeps of one session. */
export class Session {
  readonly id: string;
  /** The sessions that were active before and after this one. */
  previous: Session | undefined;
  next: Session | undefined;
  /** When it was active last, by a clock that may go backwards. */
  activeAt: number;
  /** The state of each number; undefined after the ledger has forgotten them. */
  #numbers: RangeMap | undefined = new RangeMap();
  /** Why the numbers are not stored. */
  #why: Uncertainty | null = null;
  /** The first number that counts as missing if it does not arrive; -1 if none has arrived. */
  #start = -1;
  /** One more than the highest number that has arrived. */
  #end = 0;
  #lowest = Number.MAX_SAFE_INTEGER;
  #events = 0;
  #allowed = 0;
  #unnumbered = 0;
  #late = 0;
  /** How many events had a number that had arrived already. */
  duplicated = 0;
  #lostBySender = 0;
  /** How many events without a stored number were dropped, by the index of the reason. */
  #droppedWithout: number[] | undefined;
  /** Created once: creating a closure for each repeated batch took a quarter of the time. */
  #arrived: NextState | undefined;
  #firstAt: number;
  #lastAt: number;
  #received = 0;

  constructor(id: string, at: number) {
    this.id = id;
    this.activeAt = at;
    this.#firstAt = at;
    this.#lastAt = at;
  }

  /** How many ranges of numbers are stored. */
  get ranges(): number {
    return this.#numbers?.size ?? 0;
  }

  /** Whether an event with this number has arrived, as far as its numbers are stored. */
  has(number: number): boolean {
    return this.#numbers?.has(number) ?? false;
  }

  receive(batch: NumberedBatch, at: number): void {
    const { count, firstNumber } = batch;
    this.#events += count;
    this.#allowed += batch.allowed;
    this.#active(at);
    if (isRun(firstNumber, count)) {
      if (this.#start < 0) this.#start = firstNumber;
      this.#arrive(firstNumber, firstNumber + count);
      return;
    }
    const { numbers } = batch;
    if (numbers.length < count) {
      this.giveUp('unread_numbers');
      return;
    }
    // The sender numbers events before it queues them, so the first one in the batch may not be the lowest.
    if (this.#start < 0) this.#start = lowestOf(numbers);
    for (const number of numbers) {
      if (isNumber(number)) this.#arrive(number, number + 1);
      else this.#unnumbered += 1;
    }
  }

  /** @param reason The index of the reason. */
  drop({ count, firstNumber, numbers }: NumberedBatch, reason: number, at: number): void {
    this.#active(at);
    if (this.#numbers === undefined) {
      this.#dropWithout(reason, count);
    } else if (isRun(firstNumber, count)) {
      this.#lose(firstNumber, firstNumber + count, reason);
    } else if (numbers.length < count) {
      this.giveUp('unread_numbers');
      this.#dropWithout(reason, count);
    } else {
      for (const number of numbers) {
        if (isNumber(number)) this.#lose(number, number + 1, reason);
        else this.#dropWithout(reason, 1);
      }
    }
  }

  loseBySender(count: number, at: number): void {
    this.#active(at);
    this.#lostBySender = Math.min(Number.MAX_SAFE_INTEGER, this.#lostBySender + count);
  }

  /** Forgets the numbers, and keeps the counts. */
  giveUp(why: Uncertainty): void {
    if (this.#numbers === undefined) return;
    this.#why = why;
    this.#numbers.forEach((from, to, state) => {
      if (state < 0) this.#dropWithout(LOST - state, to - from);
    });
    this.#numbers = undefined;
  }

  report({ names, isReporter }: Reasons): SessionReport {
    const dropped = this.#droppedWithout?.slice() ?? [];
    const { gaps, gapCount, gap, beforeStart } = this.#look(dropped);
    const lostBy: Losses = { sender: this.#lostBySender, proxy: 0, reporter: 0, unexplained: 0 };
    // Events that the sender lost after the last one that arrived leave no gap.
    lostBy.unexplained = Math.max(0, gap - this.#lostBySender);
    const reasons: Record<string, number> = {};
    for (const [index, name] of names.entries()) {
      const count = dropped[index] ?? 0;
      if (count === 0) continue;
      reasons[name] = count;
      lostBy[isReporter(index) ? 'reporter' : 'proxy'] += count;
    }
    const missing = LOST_BY.reduce((sum, who) => sum + lostBy[who], 0);
    const why = this.#uncertainty(missing);
    return {
      session: this.id,
      verdict: verdictFrom(why, missing, beforeStart),
      why,
      missing,
      lostBy,
      reasons,
      gaps,
      gapCount,
      beforeStart,
      first: this.#end === 0 ? null : this.#lowest,
      last: this.#end === 0 ? null : this.#end - 1,
      received: this.#received,
      events: this.#events,
      allowed: this.#allowed,
      denied: this.#events - this.#allowed,
      duplicated: this.duplicated,
      late: this.#late,
      unnumbered: this.#unnumbered,
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
    };
  }

  #active(at: number): void {
    // All batches of a chunk have the same time, so this is the usual case.
    if (at === this.activeAt) return;
    this.activeAt = at;
    if (at < this.#firstAt) this.#firstAt = at;
    if (at > this.#lastAt) this.#lastAt = at;
  }

  #arrive(from: number, to: number): void {
    // Number 0 is the first one. So every number that is absent is missing, whatever arrived first.
    if (from === 0) this.#start = 0;
    const numbers = this.#numbers;
    if (numbers === undefined) return;
    if (numbers.extend(from, to, ARRIVED)) {
      this.#received += to - from;
      this.#end = to;
      return;
    }
    if (numbers.size === 0) {
      numbers.begin(from, to, ARRIVED);
      this.#received = to - from;
      this.#lowest = from;
      this.#end = to;
      return;
    }
    this.#arrived ??= this.#makeArrived();
    numbers.update(from, to, this.#arrived);
    if (from < this.#lowest) this.#lowest = from;
    if (to > this.#end) this.#end = to;
  }

  #makeArrived(): NextState {
    return (state, first, end) => {
      const count = end - first;
      if (state >= ARRIVED) {
        this.duplicated += count;
        return state < MAX_COPIES ? state + 1 : state;
      }
      if (state === 0) this.#received += count;
      this.#late += state === 0 ? Math.max(0, Math.min(end, this.#end) - first) : count;
      return ARRIVED;
    };
  }

  #lose(from: number, to: number, reason: number): void {
    this.#numbers?.update(from, to, (state, first, end) => {
      if (state < 0) return state;
      // Another process received the event, and left it in a spool.
      if (state === 0) this.#received += end - first;
      // Another copy of the event was not dropped.
      return state > ARRIVED ? state - 1 : LOST - reason;
    });
  }

  #dropWithout(reason: number, count: number): void {
    this.#droppedWithout ??= [];
    this.#droppedWithout[reason] = (this.#droppedWithout[reason] ?? 0) + count;
  }

  /** Looks for gaps. @param dropped The numbers that were dropped are added here, by the index of their reason. */
  #look(dropped: number[]): { gaps: [number, number][]; gapCount: number; gap: number; beforeStart: number } {
    const gaps: [number, number][] = [];
    let gapCount = 0;
    let gap = 0;
    let beforeStart = 0;
    let at = 0;
    const absent = (from: number, to: number) => {
      beforeStart += Math.max(0, Math.min(to, this.#start) - from);
      const first = Math.max(from, this.#start);
      const end = Math.min(to, this.#end);
      if (first >= end) return;
      gap += end - first;
      gapCount += 1;
      if (gaps.length < MAX_GAPS) gaps.push([first, end - 1]);
    };
    this.#numbers?.forEach((from, to, state) => {
      absent(at, from);
      at = to;
      if (state < 0) dropped[LOST - state] = (dropped[LOST - state] ?? 0) + to - from;
    });
    return { gaps, gapCount, gap, beforeStart };
  }

  #uncertainty(missing: number): Uncertainty | null {
    if (this.#why !== null) return this.#why;
    return this.#end === 0 && missing === 0 ? 'no_numbers' : null;
  }
}

function verdictFrom(why: Uncertainty | null, missing: number, beforeStart: number): Verdict {
  if (why !== null) return 'unknown';
  if (missing > 0) return 'missing';
  return beforeStart > 0 ? 'before_start' : 'complete';
}

/** The lowest valid number; -1 if there is none. */
function lowestOf(numbers: readonly number[]): number {
  return numbers.reduce((low, number) => (isNumber(number) && (low < 0 || number < low) ? number : low), -1);
}

/** Whether a number is valid. Beyond 2^53 - 1, two different numbers may be equal. */
function isNumber(number: number): boolean {
  return number >= 0 && number < Number.MAX_SAFE_INTEGER && Number.isInteger(number);
}

/** Whether a batch has consecutive, valid numbers. */
function isRun(first: number, count: number): boolean {
  return first >= 0 && Number.isInteger(first) && first + count <= Number.MAX_SAFE_INTEGER;
}
