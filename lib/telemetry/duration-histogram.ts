/** Upper bounds of the buckets, in seconds: from a local write to a reporter that times out. */
const BOUNDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

interface Sample {
  readonly metricName: string;
  readonly labels: { le?: number | string };
  readonly value: number;
}

/**
 * A histogram without labels. prom-client's own histogram hashes the labels of each observation; this one only adds to
 * plain numbers. A registry needs no more of a metric than its `get()`, which returns the samples.
 */
export class DurationHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly #buckets = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  /** Counts one duration, in seconds. */
  add(seconds: number): void {
    let i = 0;
    while (i < BOUNDS.length && seconds > (BOUNDS[i] as number)) i += 1;
    (this.#buckets[i] as number) += 1;
    this.#sum += seconds;
  }

  /** The registry calls this when it is asked for its metrics. */
  async get(): Promise<object> {
    const { name, help, type } = this;
    let count = 0;
    const values: Sample[] = [];
    for (const [i, n] of this.#buckets.entries()) {
      count += n;
      values.push({ metricName: `${name}_bucket`, labels: { le: BOUNDS[i] ?? '+Inf' }, value: count });
    }
    values.push({ metricName: `${name}_sum`, labels: {}, value: this.#sum });
    values.push({ metricName: `${name}_count`, labels: {}, value: count });
    return { name, help, type, aggregator: 'sum', values };
  }

  /** The registry's `resetMetrics()` calls this. */
  reset(): void {
    this.#buckets.fill(0);
    this.#sum = 0;
  }
}
