import type { PageEvent } from './page-event.js';

/** What was requested from one host. */
export interface HostCount {
  readonly host: string;
  denied: number;
  allowed: number;
  /** The newest event that was denied. */
  lastDenied: PageEvent | undefined;
  /** The number of the newest event. */
  last: number;
}

export type HostOrder = 'newest' | 'most';

/** The hosts of the events that are kept. */
export class HostTable {
  readonly #counts = new Map<string, HostCount>();

  get size(): number {
    return this.#counts.size;
  }

  add(event: PageEvent): void {
    let count = this.#counts.get(event.host);
    if (count === undefined) {
      count = { host: event.host, denied: 0, allowed: 0, lastDenied: undefined, last: 0 };
      this.#counts.set(event.host, count);
    }
    count.last = event.number;
    if (event.isDenied) {
      count.denied += 1;
      count.lastDenied = event;
    } else {
      count.allowed += 1;
    }
  }

  remove({ host, isDenied }: PageEvent): void {
    const count = this.#counts.get(host);
    if (count === undefined) return;
    if (isDenied) count.denied -= 1;
    else count.allowed -= 1;
    if (count.denied === 0) count.lastDenied = undefined;
    if (count.denied + count.allowed === 0) this.#counts.delete(host);
  }

  get(host: string): HostCount | undefined {
    return this.#counts.get(host);
  }

  /**
   * The first hosts in an order: those with the newest denials, or those that were requested most often. Hosts of which
   * nothing was denied come last. An agent may invent any number of hosts, so not all of them are sorted.
   */
  first(n: number, order: HostOrder): HostCount[] {
    const isBefore = order === 'newest' ? isDeniedLater : isRequestedMore;
    const found: HostCount[] = [];
    for (const count of this.#counts.values()) {
      const last = found[n - 1];
      if (last !== undefined && !isBefore(count, last)) continue;
      if (last !== undefined) found.pop();
      let place = found.length;
      while (place > 0 && isBefore(count, found[place - 1] as HostCount)) place -= 1;
      found.splice(place, 0, count);
    }
    return found;
  }
}

function isDeniedLater(a: HostCount, b: HostCount): boolean {
  const [deniedA, deniedB] = [a.lastDenied?.number ?? -1, b.lastDenied?.number ?? -1];
  return deniedA === deniedB ? a.last > b.last : deniedA > deniedB;
}

function isRequestedMore(a: HostCount, b: HostCount): boolean {
  const isDenied = (count: HostCount) => count.denied > 0;
  if (isDenied(a) !== isDenied(b)) return isDenied(a);
  const [sumA, sumB] = [a.denied + a.allowed, b.denied + b.allowed];
  return sumA === sumB ? a.last > b.last : sumA > sumB;
}
