/** What a Forwarder knows about its reporter. */
interface Delivery {
  readonly isFailing: boolean;
  readonly lastSuccessAt: number | undefined;
}

/** Whether the reporter works, over all runs of a forwarder. */
export class ReporterState {
  #delivery: Delivery | undefined;
  /** The last success that was asked for, by the clock of the process, and by that of the world. */
  #at: number | undefined;
  #timestamp = 0;

  /** A forwarder begins to run. */
  watch(forwarder: Delivery): void {
    this.lastSuccess();
    this.#delivery = forwarder;
  }

  /** False from the first failure on until the next success or the next run. */
  get isUp(): boolean {
    return this.#delivery?.isFailing !== true;
  }

  /**
   * When the reporter last accepted a batch, in seconds since 1970; 0 if it never did. The clock of the world is read
   * here, and not for each batch, where that would cost a tenth of the work for a batch of one log.
   */
  lastSuccess(): number {
    const at = this.#delivery?.lastSuccessAt;
    if (at !== undefined && at !== this.#at) {
      this.#at = at;
      this.#timestamp = (Date.now() - (performance.now() - at)) / 1000;
    }
    return this.#timestamp;
  }
}
