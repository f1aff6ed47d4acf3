import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import {
  type BoundaryLogProxy,
  type BoundaryLogProxyOptions,
  Demux,
  FrameParser,
  MessageDecoder,
  type Outcome,
} from '../../../lib/index.js';
import { Readable } from '../../../lib/streams/base.js';
import { cuts } from '../../helpers/cuts.js';
import { proxies } from '../../helpers/proxies.js';
import { collector } from '../../helpers/reporters.js';
import { sendAll } from '../../helpers/socket-client.js';
import { until } from '../../helpers/until.js';
import { described, type ExpectedOutcome, expected, vectors } from '../../helpers/vectors.js';

const makeProxy = proxies();

describe.each(cuts)('through the streams, %s', (_name, cut) => {
  test.each(vectors)('$name', async (vector) => {
    const outcomes: Outcome[] = [];
    const parser = new FrameParser();
    await pipeline(
      Readable.from(cut(vector.bytes)),
      parser,
      new MessageDecoder(),
      new Demux({}, { otherwise: (outcome) => void outcomes.push(outcome) }),
    );
    expect(outcomes.map(described)).toEqual(vector.outcomes.map(expected));
    expect(parser.bytesConsumed).toBe(vector.consumed);
  });
});

/** What outcomes other than logs add to the metrics. */
function countsOf(outcomes: ExpectedOutcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (name: string, n: number) => {
    counts[name] = (counts[name] ?? 0) + n;
  };
  for (const outcome of outcomes) {
    if (outcome.kind === 'status') {
      for (const [reason, n] of Object.entries(outcome.counted as object)) add(reason, Number(n));
    } else if (outcome.kind === 'unknown-variant') add('unknown_variant', 1);
    else if (outcome.kind !== 'logs') add(String(outcome.reason), 1);
  }
  return counts;
}

/** The current counts of rejected frames and of drops, by reason, without those that are 0. */
async function counted(proxy: BoundaryLogProxy): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of ['frames_rejected_total', 'logs_dropped_total']) {
    const metric = await proxy.registry.getSingleMetric(`agent_boundary_log_proxy_${name}`)?.get();
    for (const { labels, value } of metric?.values ?? [])
      if (value !== 0) counts[String(labels.reason)] = value;
  }
  return counts;
}

/** The Go implementation has no limit for the counts of a status report. */
const UNLIMITED: Record<string, BoundaryLogProxyOptions> = {
  'status-2-53': { maxStatusCount: Number.POSITIVE_INFINITY },
  'status-max': { maxStatusCount: Number.POSITIVE_INFINITY },
};

test.each(Object.keys(UNLIMITED))('%s is rejected by default', async (name) => {
  const proxy = makeProxy();
  await proxy.start();
  await sendAll(proxy.socketPath, [vectors.find((vector) => vector.name === name)?.bytes as Buffer]);
  await proxy.close();
  expect(await counted(proxy)).toEqual({ implausible_status: 1 });
});

describe.each(cuts)('over a socket, %s', (_name, cut) => {
  test.each(vectors)('$name', async (vector) => {
    const proxy = makeProxy(UNLIMITED[vector.name]);
    const reporter = collector();
    await proxy.start();
    const forwarding = proxy.runForwarder(reporter);
    await sendAll(proxy.socketPath, cut(vector.bytes));
    const logs = vector.outcomes.filter(({ kind }) => kind === 'logs');
    await until('all batches are reported', () => reporter.batches.length >= logs.length);
    await proxy.close({ drain: 1000 });
    await forwarding;
    expect(reporter.batches.map(described)).toEqual(logs.map(expected));
    expect(await counted(proxy)).toEqual(countsOf(vector.outcomes));
  });
});
