import type { ReporterInfo, ReporterSample, Sample } from '../messages.js';

/** Rates are those of so many ms. */
const RATE_MS = 60_000;
/** A shorter time says nothing about a rate. */
const MIN_RATE_MS = 5000;

/** How many samples the page keeps: five minutes of one per second, as the server does. */
const MAX_SAMPLES = 301;

/** Adds a sample, and removes what is too old. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  return [...samples.filter(({ at }) => at < sample.at), sample].slice(-MAX_SAMPLES);
}

/** What a chart shows, as one number for each sample but the first. */
export interface Flow {
  /** In seconds since 1970. */
  readonly at: number[];
  /** Events a second. */
  readonly received: number[];
  readonly forwarded: number[];
  readonly dropped: number[];
  /** Events that wait. */
  readonly held: number[];
}

/** The flow to one reporter. */
export function flowOf(samples: readonly Sample[], reporter: number): Flow {
  const flow: Flow = { at: [], received: [], forwarded: [], dropped: [], held: [] };
  for (let i = 1; i < samples.length; i++) {
    const [before, now] = [samples[i - 1] as Sample, samples[i] as Sample];
    const [a, b] = [before.reporters[reporter], now.reporters[reporter]];
    const seconds = (now.at - before.at) / 1000;
    if (a === undefined || b === undefined || seconds <= 0) continue;
    const rate = (from: number, to: number) => Math.max(0, (to - from) / seconds);
    flow.at.push(now.at / 1000);
    flow.received.push(rate(before.received, now.received));
    flow.forwarded.push(rate(a.forwarded, b.forwarded));
    flow.dropped.push(rate(droppedIn(a), droppedIn(b)));
    flow.held.push(b.held.events);
  }
  return flow;
}

/** How many events were dropped, for any reason. */
export function droppedIn({ dropped }: ReporterSample): number {
  return Object.values(dropped).reduce((sum, n) => sum + n, 0);
}

/** How many events were dropped in the last `ms`, by reason. */
export function droppedLately(
  samples: readonly Sample[],
  reporter: number,
  ms: number,
): Record<string, number> {
  const last = samples.at(-1);
  const then = samples.find(({ at }) => at >= (last?.at ?? 0) - ms)?.reporters[reporter]?.dropped ?? {};
  const lately: Record<string, number> = {};
  for (const [reason, n] of Object.entries(last?.reporters[reporter]?.dropped ?? {}))
    if (n > (then[reason] ?? 0)) lately[reason] = n - (then[reason] ?? 0);
  return lately;
}

/**
 * For how long the buffer of a reporter has room, in seconds, if it goes on filling as in the last minute; undefined if it
 * does not fill, or if that is not known yet.
 */
export function roomSeconds(
  samples: readonly Sample[],
  reporter: number,
  { maxBytes, maxBatches }: ReporterInfo,
): number | undefined {
  const last = samples.at(-1);
  const first = samples.find(({ at }) => at >= (last?.at ?? 0) - RATE_MS);
  const [a, b] = [first?.reporters[reporter]?.held, last?.reporters[reporter]?.held];
  if (last === undefined || first === undefined || a === undefined || b === undefined) return undefined;
  const ms = last.at - first.at;
  if (ms < MIN_RATE_MS) return undefined;
  const until = (room: number, growth: number) =>
    growth > 0 ? (Math.max(0, room) * ms) / 1000 / growth : Number.POSITIVE_INFINITY;
  const seconds = Math.min(
    until(maxBytes - b.bytes, b.bytes - a.bytes),
    maxBatches === null ? Number.POSITIVE_INFINITY : until(maxBatches - b.batches, b.batches - a.batches),
  );
  return Number.isFinite(seconds) ? seconds : undefined;
}
