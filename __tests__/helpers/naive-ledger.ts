import type { NumberedBatch } from '../../lib/sessions/session.js';

/** What the naive ledger says of a session. */
export interface NaiveReport {
  readonly gap: readonly number[];
  readonly beforeStart: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly received: number;
  readonly duplicated: number;
  readonly late: number;
  readonly unnumbered: number;
  readonly first: number | null;
  readonly last: number | null;
}

/** More copies of a number are not counted. */
const MAX_COPIES = 15;

/** One session, with a set of numbers and a count for each of them instead of ranges. */
export class NaiveSession {
  readonly #copies = new Map<number, number>();
  readonly #lost = new Map<number, string>();
  readonly #arrived = new Set<number>();
  readonly #seen = new Set<number>();
  readonly #droppedWithout: string[] = [];
  #start: number | undefined;
  #duplicated = 0;
  #late = 0;
  #unnumbered = 0;

  receive({ numbers }: NumberedBatch): void {
    const valid = numbers.filter((n) => n >= 0);
    if (this.#start === undefined && valid.length > 0) this.#start = Math.min(...valid);
    for (const n of numbers) {
      if (n < 0) {
        this.#unnumbered += 1;
        continue;
      }
      if (n === 0) this.#start = 0;
      if ((this.#copies.get(n) ?? 0) > 0) this.#duplicated += 1;
      else if (this.#lost.has(n) || n < Math.max(-1, ...this.#arrived)) this.#late += 1;
      this.#copies.set(n, Math.min(MAX_COPIES, (this.#copies.get(n) ?? 0) + 1));
      this.#lost.delete(n);
      this.#arrived.add(n);
      this.#seen.add(n);
    }
  }

  drop({ numbers }: NumberedBatch, reason: string): void {
    for (const n of numbers) {
      if (n < 0) {
        this.#droppedWithout.push(reason);
        continue;
      }
      this.#seen.add(n);
      const copies = this.#copies.get(n) ?? 0;
      if (copies > 1) this.#copies.set(n, copies - 1);
      else if (!this.#lost.has(n)) {
        this.#copies.set(n, 0);
        this.#lost.set(n, reason);
      }
    }
  }

  report(): NaiveReport {
    const start = this.#start ?? 0;
    const end = Math.max(-1, ...this.#arrived) + 1;
    const absent = (from: number, to: number) =>
      Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i).filter((n) => !this.#seen.has(n));
    const dropped: Record<string, number> = {};
    for (const reason of [...this.#lost.values(), ...this.#droppedWithout]) {
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    }
    return {
      gap: absent(start, end),
      beforeStart: absent(0, start).length,
      dropped,
      received: this.#seen.size,
      duplicated: this.#duplicated,
      late: this.#late,
      unnumbered: this.#unnumbered,
      first: end === 0 ? null : Math.min(...this.#arrived),
      last: end === 0 ? null : end - 1,
    };
  }
}
