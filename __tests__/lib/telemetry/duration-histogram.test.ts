import { describe, expect, test } from '@jest/globals';
import { Histogram, type Metric, Registry } from 'prom-client';
import { DurationHistogram } from '../../../lib/telemetry/duration-histogram.js';
import { random } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';

const name = 'a_duration_seconds';
const help = 'How long it took.';
const buckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** This histogram and prom-client's own, after the same observations. */
function both(observations: number[], labels: object = {}): { own: Registry; theirs: Registry } {
  const own = new Registry();
  const theirs = new Registry();
  for (const registry of [own, theirs]) registry.setDefaultLabels(labels);
  const histogram = new DurationHistogram(name, help);
  own.registerMetric(histogram as unknown as Metric);
  const other = new Histogram({ name, help, buckets, registers: [theirs] });
  for (const seconds of observations) {
    histogram.add(seconds);
    other.observe(seconds);
  }
  return { own, theirs };
}

/** The metrics after a round trip through JSON, without exemplars. They are off, but prom-client writes them as null. */
async function json(registry: Registry): Promise<unknown> {
  const metrics = await registry.getMetricsAsJSON();
  return JSON.parse(JSON.stringify(metrics, (key, value) => (key === 'exemplar' ? undefined : value)));
}

const next = random(seed);

describe.each<[name: string, observations: number[]]>([
  ['none', []],
  ['one', [0.003]],
  ['a duration of 0', [0]],
  ['the upper bounds themselves', buckets],
  ['just above the upper bounds', buckets.map((bound) => bound * (1 + 1e-12))],
  ['longer than the largest', [11, 3600]],
  [`at random (seed ${seed})`, Array.from({ length: 500 }, () => 20 * next() ** 8)],
])('observations: %s', (_name, observations) => {
  test("have the same text as prom-client's histogram", async () => {
    const { own, theirs } = both(observations);
    expect(await own.metrics()).toBe(await theirs.metrics());
  });

  test("have the same JSON as prom-client's histogram", async () => {
    const { own, theirs } = both(observations);
    expect(await json(own)).toEqual(await json(theirs));
  });
});

test("has the registry's default labels", async () => {
  const { own, theirs } = both([0.2], { host: 'a' });
  const text = await own.metrics();
  expect(text).toBe(await theirs.metrics());
  expect(text).toContain('a_duration_seconds_count{host="a"} 1');
});

test('has the same text in the OpenMetrics format', async () => {
  const { own, theirs } = both([0.2]);
  for (const registry of [own, theirs]) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  expect(await own.metrics()).toBe(await theirs.metrics());
});

test('starts again from 0 after the registry has reset its metrics', async () => {
  const { own, theirs } = both([0.2, 3]);
  for (const registry of [own, theirs]) registry.resetMetrics();
  expect(await own.metrics()).toContain('a_duration_seconds_count 0');
  (own.getSingleMetric(name) as unknown as DurationHistogram).add(0.003);
  (theirs.getSingleMetric(name) as Histogram).observe(0.003);
  expect(await own.metrics()).toBe(await theirs.metrics());
});
