/** Takes out of a spool what was acknowledged: all of one turn together, and once more where that failed. */
export class Removals<T extends object> {
  /** How many were handed out, and are still in the spool. */
  out = 0;
  readonly #remove: (ids: readonly number[]) => Promise<void>;
  readonly #onRemoved: () => void;
  readonly #onFailure: (error: unknown) => void;
  /** Of what was handed out and not acknowledged. */
  readonly #ids = new Map<T, number>();
  #acknowledged: number[] = [];
  #isDue = false;
  readonly #removing = new Set<Promise<void>>();

  /** @param onFailure May let `run()` be called again, later. What is acknowledged then goes with the rest. */
  constructor(
    remove: (ids: readonly number[]) => Promise<void>,
    onRemoved: () => void,
    onFailure: (error: unknown) => void,
  ) {
    this.#remove = remove;
    this.#onRemoved = onRemoved;
    this.#onFailure = onFailure;
  }

  handOut(item: T, id: number): T {
    this.#ids.set(item, id);
    this.out += 1;
    return item;
  }

  /** @returns false where it was not handed out, or was acknowledged before. */
  acknowledge(item: T): boolean {
    const id = this.#ids.get(item);
    if (id === undefined) return false;
    this.#ids.delete(item);
    this.#acknowledged.push(id);
    if (!this.#isDue) queueMicrotask(() => this.run());
    this.#isDue = true;
    return true;
  }

  /** Removes what is acknowledged by now. */
  run(): void {
    this.#isDue = false;
    const ids = this.#acknowledged;
    if (ids.length === 0) return;
    this.#acknowledged = [];
    const removing = this.#remove(ids)
      .then(
        () => {
          this.out -= ids.length;
          this.#onRemoved();
        },
        (error) => {
          this.#acknowledged.push(...ids);
          this.#onFailure(error);
        },
      )
      .finally(() => this.#removing.delete(removing));
    this.#removing.add(removing);
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#removing);
  }
}
