import { Histogram, type Registry } from 'prom-client';

/** Upper bounds of the buckets, in seconds: from a local write to a reporter that times out. */
const BOUNDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/**
 * A histogram without labels that counts in plain numbers, as prom-client's own hashes its labels at each
 * observation. They are put into prom-client's shape when the registry asks.
 */
export class DurationHistogram extends Histogram {
  readonly #buckets = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;
  readonly #described: { name: string; help: string };

  constructor(name: string, help: string, registry: Registry) {
    super({ name, help, buckets: BOUNDS, registers: [registry] });
    this.#described = { name, help };
  }

  /** Counts one duration, in seconds. */
  add(seconds: number): void {
    let i = 0;
    while (i < BOUNDS.length && seconds > (BOUNDS[i] as number)) i += 1;
    (this.#buckets[i] as number) += 1;
    this.#sum += seconds;
  }

  // biome-ignore lint/suspicious/noExplicitAny: prom-client does not export the type of a metric's values.
  override async get(): Promise<any> {
    const { name, help } = this.#described;
    let count = 0;
    const values: { metricName: string; labels: { le?: number | string }; value: number }[] = [];
    for (const [i, n] of this.#buckets.entries()) {
      count += n;
      values.push({ metricName: `${name}_bucket`, labels: { le: BOUNDS[i] ?? '+Inf' }, value: count });
    }
    values.push({ metricName: `${name}_sum`, labels: {}, value: this.#sum });
    values.push({ metricName: `${name}_count`, labels: {}, value: count });
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }

  /** What the registry asks where it writes text. */
  getForPromString(): Promise<unknown> {
    return this.get();
  }
}
