import { Counter, Gauge, type Registry } from 'prom-client';
import { BoundaryLogError } from '../errors.js';
import { type Accounts, DROP_REASONS, minus } from './accounts.js';
import { DurationHistogram } from './duration-histogram.js';

/** Why a frame was not let in. A closed list: the codec's error codes, and what is no error. */
export const REJECT_REASONS = [
  'invalid_protobuf',
  'invalid_utf8',
  'invalid_payload',
  'truncated_header',
  'truncated_payload',
  'unsupported_tag',
  'message_too_large',
  'unknown_variant',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Where the figures come from whenever they are asked for. Nothing is counted twice. */
export interface MetricsSource {
  accounts(): Accounts;
  retries(): number;
  readonly buffer: {
    readonly held: { readonly batches: number; readonly bytes: number };
    readonly maxBatches: number;
    readonly maxBytes: number;
  };
  /** If the buffer is a spool. */
  readonly spool?:
    | { readonly missing: { batches: number; firstId: number; endId: number }; readonly failures: number }
    | undefined;
  readonly status: { readonly droppedChannelFull: number; readonly droppedBatchFull: number };
  readonly rejected: Readonly<Record<RejectReason, number>>;
  readonly connections: { readonly open: number; readonly total: number };
}

/** The values of one metric: a number, or one for each value of its label. */
type Values = number | Readonly<Record<string, number>>;

interface Definition {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly label?: 'reason';
  values(source: MetricsSource): Values;
}

const PREFIX = 'agent_boundary_log_proxy_';

const droppedIn = (unit: 'batches' | 'logs', source: MetricsSource) => {
  const { dropped } = source.accounts();
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, dropped[reason][unit]]));
};

/** All metrics but the histogram. The first three are the reference's: dashboards read their names. */
export const METRICS: readonly Definition[] = [
  {
    name: `${PREFIX}batches_dropped_total`,
    type: 'counter',
    help: 'Batches that did not reach the reporter.',
    label: 'reason',
    values: (source) => droppedIn('batches', source),
  },
  {
    name: `${PREFIX}logs_dropped_total`,
    type: 'counter',
    help: 'Logs that did not reach the reporter, and those that boundary dropped itself (boundary_*).',
    label: 'reason',
    values: (source) => ({
      ...droppedIn('logs', source),
      boundary_channel_full: source.status.droppedChannelFull,
      boundary_batch_full: source.status.droppedBatchFull,
    }),
  },
  {
    name: `${PREFIX}batches_forwarded_total`,
    type: 'counter',
    help: 'Batches that the reporter took.',
    values: (source) => source.accounts().forwarded.batches,
  },
  {
    name: `${PREFIX}batches_received_total`,
    type: 'counter',
    help: 'Batches that came in over the socket.',
    values: (source) => minus(source.accounts().received, source.accounts().recovered).batches,
  },
  {
    name: `${PREFIX}logs_received_total`,
    type: 'counter',
    help: 'Logs that came in over the socket.',
    values: (source) => minus(source.accounts().received, source.accounts().recovered).logs,
  },
  {
    name: `${PREFIX}batches_recovered_total`,
    type: 'counter',
    help: 'Batches that were found in the spool when it was opened.',
    values: (source) => source.accounts().recovered.batches,
  },
  {
    name: `${PREFIX}retries_total`,
    type: 'counter',
    help: 'Attempts that failed, and were followed by another.',
    values: (source) => source.retries(),
  },
  {
    name: `${PREFIX}frames_rejected_total`,
    type: 'counter',
    help: 'Frames that were not let in.',
    label: 'reason',
    values: (source) => source.rejected,
  },
  {
    name: `${PREFIX}connections_open`,
    type: 'gauge',
    help: 'Connections open now.',
    values: (source) => source.connections.open,
  },
  {
    name: `${PREFIX}connections_total`,
    type: 'counter',
    help: 'Connections accepted.',
    values: (source) => source.connections.total,
  },
  {
    name: `${PREFIX}buffer_batches`,
    type: 'gauge',
    help: 'Batches in the buffer or spool now.',
    values: (source) => source.buffer.held.batches,
  },
  {
    name: `${PREFIX}buffer_capacity_batches`,
    type: 'gauge',
    help: 'Batches that the buffer can hold; +Inf for a spool.',
    values: (source) => source.buffer.maxBatches,
  },
  {
    name: `${PREFIX}buffer_bytes`,
    type: 'gauge',
    help: 'Bytes in the buffer or spool now.',
    values: (source) => source.buffer.held.bytes,
  },
  {
    name: `${PREFIX}buffer_capacity_bytes`,
    type: 'gauge',
    help: 'Bytes that the buffer or spool can hold.',
    values: (source) => source.buffer.maxBytes,
  },
  {
    name: `${PREFIX}spool_missing_batches_total`,
    type: 'counter',
    help: 'Batches of the spool that are damaged, unreadable or gone.',
    values: (source) => source.spool?.missing.batches ?? 0,
  },
  {
    name: `${PREFIX}spool_missing_first_id`,
    type: 'gauge',
    help: 'First id of the range of missing batches that was found last.',
    values: (source) => source.spool?.missing.firstId ?? 0,
  },
  {
    name: `${PREFIX}spool_missing_end_id`,
    type: 'gauge',
    help: 'The id after that range; 0 if nothing is missing.',
    values: (source) => source.spool?.missing.endId ?? 0,
  },
  {
    name: `${PREFIX}spool_failures_total`,
    type: 'counter',
    help: 'Operations on the spool that failed and are retried.',
    values: (source) => source.spool?.failures ?? 0,
  },
];

export const FORWARD_DURATION = {
  name: `${PREFIX}forward_duration_seconds`,
  type: 'histogram',
  help: 'How long the reporter took for a batch that it took.',
} as const;

/** Whose metrics a registry carries; without an owner, those of a proxy that was closed. */
const owners = new WeakMap<Registry, Metrics | undefined>();

/** The proxy's metrics in a registry: read off their source whenever they are asked for. */
export class Metrics {
  readonly forwardDuration: DurationHistogram;
  readonly #registry: Registry;

  /** @throws ERR_REGISTRY_IN_USE where another proxy's metrics are in it, unless that one was closed. */
  constructor(registry: Registry, source: MetricsSource) {
    const all = [...METRICS, FORWARD_DURATION];
    const taken = all.find(({ name }) => registry.getSingleMetric(name) !== undefined);
    if (taken !== undefined) {
      if (!owners.has(registry) || owners.get(registry) !== undefined) {
        throw new BoundaryLogError(
          'ERR_REGISTRY_IN_USE',
          `registry: ${taken.name} is in it already: give each proxy a registry of its own`,
        );
      }
      for (const { name } of all) registry.removeSingleMetric(name);
    }
    this.#registry = registry;
    owners.set(registry, this);
    for (const definition of METRICS) register(definition, registry, source);
    this.forwardDuration = new DurationHistogram(FORWARD_DURATION.name, FORWARD_DURATION.help, registry);
  }

  /** The proxy is closed. Its last figures stay until another one takes the registry. */
  release(): void {
    if (owners.get(this.#registry) === this) owners.set(this.#registry, undefined);
  }
}

function register(
  { name, type, help, label, values }: Definition,
  registry: Registry,
  source: MetricsSource,
): void {
  const config = { name, help, labelNames: label === undefined ? [] : [label], registers: [registry] };
  const publish = (set: (labels: Record<string, string>, value: number) => void) => {
    const now = values(source);
    if (typeof now === 'number') set({}, now);
    else for (const [value, n] of Object.entries(now)) set({ [label as string]: value }, n);
  };
  if (type === 'gauge') {
    new Gauge({
      ...config,
      collect() {
        publish((labels, value) => this.set(labels, value));
      },
    });
  } else {
    new Counter({
      ...config,
      collect() {
        this.reset();
        publish((labels, value) => this.inc(labels, value));
      },
    });
  }
}
