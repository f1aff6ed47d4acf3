import type { MetricsSource } from './metrics-source.js';

const PREFIX = 'agent_boundary_log_proxy_';

/** The metrics of a source. All counters are 0 without one, and `source_up` has no value. */
export const SOURCE_METRICS = [
  {
    name: `${PREFIX}batches_redelivered_total`,
    type: 'counter',
    help: 'Batches that the source delivered again.',
    values: (source: MetricsSource) => source.accounts().redelivered.batches,
  },
  {
    name: `${PREFIX}logs_redelivered_total`,
    type: 'counter',
    help: 'Logs that the source delivered again.',
    values: (source: MetricsSource) => source.accounts().redelivered.logs,
  },
  {
    name: `${PREFIX}batches_returned_total`,
    type: 'counter',
    help: 'Batches that were not delivered to the reporter, and that the source delivers again.',
    values: (source: MetricsSource) => source.accounts().returned.batches,
  },
  {
    name: `${PREFIX}logs_returned_total`,
    type: 'counter',
    help: 'Logs that were not delivered to the reporter, and that the source delivers again.',
    values: (source: MetricsSource) => source.accounts().returned.logs,
  },
  {
    name: `${PREFIX}source_up`,
    type: 'gauge',
    help: 'Whether the source can be reached: 1, or 0 during an outage; no value without a source.',
    label: 'source',
    values: ({ source }: MetricsSource): Readonly<Record<string, number>> =>
      source === undefined ? {} : { '': source.isUp ? 1 : 0 },
  },
] as const;
