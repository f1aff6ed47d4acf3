/**
 * How long an attempt may take. A destination that answers only after the time is over would receive the same batch for
 * ever: so the time doubles after each attempt that took too long, up to a limit. It returns to its first value when an
 * attempt succeeds within that.
 */
export class AttemptTimeout {
  /** The time for the next attempt, in ms. */
  ms: number;
  readonly #firstMs: number;
  readonly #maxMs: number;

  constructor(firstMs: number, maxMs: number) {
    this.ms = firstMs;
    this.#firstMs = firstMs;
    this.#maxMs = Math.max(firstMs, maxMs);
  }

  /** An attempt had `ms`, and took longer. Attempts at the same time double it only once. */
  exceeded(ms: number): void {
    this.ms = Math.max(this.ms, Math.min(2 * ms, this.#maxMs));
  }

  /** Notes how long an attempt takes that begins now. @returns a function to call when it has succeeded. */
  begin(): () => void {
    if (this.ms === this.#firstMs) return () => undefined;
    const start = performance.now();
    return () => {
      if (performance.now() - start <= this.#firstMs) this.ms = this.#firstMs;
    };
  }
}
