import { Counter, Gauge } from './prom-client.js';

/** The definition of a metric. */
export interface MetricHead {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
}

/** Sets one value of a metric. */
export type Publish = (labels: Readonly<Record<string, string>>, value: number) => void;

/**
 * Creates a metric that belongs to no registry yet.
 *
 * @param collect Sets all values. Called for each scrape.
 */
export function createMetric(
  { name, type, help }: MetricHead,
  labelNames: readonly string[],
  collect: (publish: Publish) => void,
): object {
  const config = { name, help, labelNames: [...labelNames], registers: [] };
  if (type === 'gauge') {
    return new Gauge({
      ...config,
      collect() {
        collect((labels, value) => this.set(labels, value));
      },
    });
  }
  return new Counter({
    ...config,
    collect() {
      this.reset();
      collect((labels, value) => this.inc(labels, value));
    },
  });
}
