/** What a Forwarder knows about its reporter. */
interface Delivery {
  readonly isFailing: boolean;
  readonly lastSuccessAt: number | undefined;
}

/** Since when a reporter fails, and why it failed first. */
export interface Outage {
  /** In ms since 1970. */
  readonly since: number;
  readonly error: unknown;
}

/** Whether the reporter works, over all runs of a forwarder. */
export class ReporterState {
  #outage: Outage | undefined;
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

  /** The current outage, if the reporter fails. */
  get outage(): Outage | undefined {
    return this.isUp ? undefined : this.#outage;
  }

  /** The reporter has failed for the first time since its start or its last success. */
  failed(error: unknown): void {
    this.#outage = { since: Date.now(), error };
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
