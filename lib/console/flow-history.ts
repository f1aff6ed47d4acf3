import type { DeliveryInsight } from '../server/insight.js';
import type { Accounts } from '../telemetry/accounts.js';
import type { ReporterSample, Sample } from './messages.js';

/** How many samples are kept: five minutes of one per second. */
const MAX_SAMPLES = 301;

/** What has become of the events in the last minutes, so that a page that is opened late can show it at once. */
export class FlowHistory {
  readonly #deliveries: readonly DeliveryInsight[];
  readonly #samples: Sample[] = [];

  constructor(deliveries: readonly DeliveryInsight[]) {
    this.#deliveries = deliveries;
    this.sample();
  }

  /** The oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Adds what is true now. @returns it. */
  sample(): Sample {
    const accounts = this.#deliveries.map((delivery) => delivery.accounts());
    const { received, recovered, redelivered } = accounts[0] as Accounts;
    const sample = {
      at: Date.now(),
      received: received.logs + redelivered.logs - recovered.logs,
      reporters: this.#deliveries.map(({ buffer }, i) =>
        sampleOf(accounts[i] as Accounts, buffer.held.bytes),
      ),
    };
    this.#samples.push(sample);
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    return sample;
  }
}

function sampleOf({ forwarded, buffered, inFlight, dropped }: Accounts, bytes: number): ReporterSample {
  const happened = Object.entries(dropped).filter(([, { logs }]) => logs > 0);
  return {
    forwarded: forwarded.logs,
    held: {
      events: buffered.logs + inFlight.logs,
      batches: buffered.batches + inFlight.batches,
      bytes,
    },
    dropped: Object.fromEntries(happened.map(([reason, { logs }]) => [reason, logs])),
  };
}
