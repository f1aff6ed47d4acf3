import { EVERYTHING, type Filter, testOf } from './filter.js';
import { HostTable } from './host-table.js';
import type { PageEvent } from './page-event.js';

/** Events are removed in so large parts of the maximum, since each removal moves all the others. */
const TRIMMED_PART = 0.05;

/** How many events of each kind the list shows. What arrives later waits. */
interface Shown {
  denied: number;
  allowed: number;
  all: number;
}

/** The newest events, those of them that a filter accepts, and which of these are listed already. */
export class EventLog {
  readonly hosts = new HostTable();
  filter: Filter = EVERYTHING;
  /** Whether new events wait instead of being listed. */
  isHeld = false;
  #test = testOf(EVERYTHING);
  #max: number;
  #all: PageEvent[] = [];
  // Those that the filter accepts, the oldest first.
  #matching: PageEvent[] = [];
  #denied: PageEvent[] = [];
  #allowed: PageEvent[] = [];
  #shown: Shown = { denied: 0, allowed: 0, all: 0 };
  #deniedCount = 0;

  constructor(max: number) {
    this.#max = max;
  }

  set max(max: number) {
    this.#max = max;
  }

  /** How many events there are. */
  get size(): number {
    return this.#all.length;
  }

  get deniedCount(): number {
    return this.#deniedCount;
  }

  /** How many are listed. */
  get length(): number {
    return this.#shown.all;
  }

  /** How many the filter accepts that are not listed yet. */
  get waiting(): number {
    return this.#matching.length - this.#shown.all;
  }

  add(events: readonly PageEvent[]): void {
    for (const event of events) {
      this.#all.push(event);
      this.hosts.add(event);
      if (event.isDenied) this.#deniedCount += 1;
      if (this.#test(event)) this.#accept(event);
    }
    if (this.#all.length > this.#max) this.#trim();
    if (!this.isHeld) this.showAll();
  }

  /** Lists what waits. */
  showAll(): void {
    this.#shown = {
      denied: this.#denied.length,
      allowed: this.#allowed.length,
      all: this.#matching.length,
    };
  }

  /** Lists what another filter accepts. */
  setFilter(filter: Filter): void {
    this.filter = filter;
    this.#test = testOf(filter);
    this.#matching = [];
    this.#denied = [];
    this.#allowed = [];
    for (const event of this.#all) if (this.#test(event)) this.#accept(event);
    this.showAll();
  }

  /** The event on a row of the list. */
  at(row: number): PageEvent | undefined {
    const { denied, allowed, all } = this.#shown;
    if (row < 0 || row >= all) return undefined;
    if (this.filter.order === 'newest') return this.#matching[all - 1 - row];
    return row < denied ? this.#denied[denied - 1 - row] : this.#allowed[allowed - 1 - (row - denied)];
  }

  /** The row of an event; -1 if it is not listed. */
  rowOf(event: PageEvent): number {
    const { denied, allowed, all } = this.#shown;
    if (this.filter.order === 'newest') return rowIn(this.#matching, all, event);
    if (event.isDenied) return rowIn(this.#denied, denied, event);
    const row = rowIn(this.#allowed, allowed, event);
    return row < 0 ? -1 : denied + row;
  }

  /** Whether an event is no longer kept. */
  isGone({ number }: PageEvent): boolean {
    return number < (this.#all[0]?.number ?? 0);
  }

  #accept(event: PageEvent): void {
    this.#matching.push(event);
    (event.isDenied ? this.#denied : this.#allowed).push(event);
  }

  #trim(): void {
    const removed = this.#all.splice(0, this.#all.length - Math.floor(this.#max * (1 - TRIMMED_PART)));
    for (const event of removed) {
      this.hosts.remove(event);
      if (event.isDenied) this.#deniedCount -= 1;
    }
    const first = this.#all[0]?.number ?? 0;
    const trim = (events: PageEvent[]) => events.splice(0, placeOf(events, first)).length;
    this.#shown.all = Math.max(0, this.#shown.all - trim(this.#matching));
    this.#shown.denied = Math.max(0, this.#shown.denied - trim(this.#denied));
    this.#shown.allowed = Math.max(0, this.#shown.allowed - trim(this.#allowed));
  }
}

function rowIn(events: readonly PageEvent[], shown: number, event: PageEvent): number {
  const place = placeOf(events, event.number);
  return place < shown && events[place] === event ? shown - 1 - place : -1;
}

/** Where the first event is that has at least this number. */
function placeOf(events: readonly PageEvent[], number: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle] as PageEvent).number < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
