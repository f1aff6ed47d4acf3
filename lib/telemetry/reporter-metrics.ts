import { type Accounts, DROP_REASONS } from './accounts.js';
import { createMetric, type MetricHead } from './metric.js';

/** The state from which the metrics of one of several reporters are read. */
export interface ReporterSource {
  readonly name: string;
  accounts(): Accounts;
  readonly retries: number;
  readonly buffer: { readonly held: { readonly bytes: number }; readonly maxBytes: number };
  readonly state: { readonly isUp: boolean; lastSuccess(): number };
}

interface Definition extends MetricHead {
  readonly labels: readonly string[];
  /** A number, or a number for each reason. */
  value(source: ReporterSource): number | Readonly<Record<string, number>>;
}

const PREFIX = 'agent_boundary_log_proxy_reporter_';

function perUnit(unit: 'batches' | 'logs'): Definition[] {
  const noun = unit === 'batches' ? 'Batches' : 'Logs';
  const counter = { type: 'counter', labels: ['reporter'] } as const;
  const gauge = { type: 'gauge', labels: ['reporter'] } as const;
  return [
    {
      ...counter,
      name: `${PREFIX}${unit}_received_total`,
      help: `${noun} for a further reporter, including what its spool contained when it was opened.`,
      value: (source) => source.accounts().received[unit],
    },
    {
      ...counter,
      name: `${PREFIX}${unit}_forwarded_total`,
      help: `${noun} that a further reporter accepted.`,
      value: (source) => source.accounts().forwarded[unit],
    },
    {
      ...counter,
      name: `${PREFIX}${unit}_dropped_total`,
      help: `${noun} that were not delivered to a further reporter.`,
      labels: ['reporter', 'reason'],
      value: (source) => {
        const { dropped } = source.accounts();
        return Object.fromEntries(DROP_REASONS.map((reason) => [reason, dropped[reason][unit]]));
      },
    },
    {
      ...counter,
      name: `${PREFIX}${unit}_redelivered_total`,
      help: `${noun} for a further reporter that the source delivered again.`,
      value: (source) => source.accounts().redelivered[unit],
    },
    {
      ...counter,
      name: `${PREFIX}${unit}_returned_total`,
      help: `${noun} that were not delivered to a further reporter, and that the source delivers again.`,
      value: (source) => source.accounts().returned[unit],
    },
    {
      ...gauge,
      name: `${PREFIX}buffer_${unit}`,
      help: `${noun} in the buffer or spool of a further reporter, without those in flight.`,
      value: (source) => source.accounts().buffered[unit],
    },
    {
      ...gauge,
      name: `${PREFIX}in_flight_${unit}`,
      help: `${noun} that a further reporter is working on.`,
      value: (source) => source.accounts().inFlight[unit],
    },
  ];
}

/** The metrics of all reporters but the first one. `reporter_up` has a value for each of these, too. */
export const REPORTER_METRICS: readonly Definition[] = [
  ...perUnit('batches'),
  ...perUnit('logs'),
  {
    name: `${PREFIX}buffer_bytes`,
    type: 'gauge',
    labels: ['reporter'],
    help: 'Bytes in the buffer or spool of a further reporter.',
    value: (source) => source.buffer.held.bytes,
  },
  {
    name: `${PREFIX}buffer_capacity_bytes`,
    type: 'gauge',
    labels: ['reporter'],
    help: 'Capacity of the buffer or spool of a further reporter in bytes.',
    value: (source) => source.buffer.maxBytes,
  },
  {
    name: `${PREFIX}retries_total`,
    type: 'counter',
    labels: ['reporter'],
    help: 'Failed attempts of a further reporter that were retried.',
    value: (source) => source.retries,
  },
  {
    name: `${PREFIX}last_success_timestamp_seconds`,
    type: 'gauge',
    labels: ['reporter'],
    help: 'When a further reporter last accepted a batch, in seconds since 1970; 0 if it never did.',
    value: (source) => source.state.lastSuccess(),
  },
];

/** These metrics for some reporters; nothing if there are none. They belong to no registry yet. */
export function reporterMetrics(reporters: readonly ReporterSource[] = []): object[] {
  if (reporters.length === 0) return [];
  return REPORTER_METRICS.map((definition) =>
    createMetric(definition, definition.labels, (publish) => {
      for (const source of reporters) {
        const value = definition.value(source);
        const reporter = source.name;
        if (typeof value === 'number') publish({ reporter }, value);
        else for (const [reason, n] of Object.entries(value)) publish({ reporter, reason }, n);
      }
    }),
  );
}
