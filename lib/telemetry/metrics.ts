import type { Metric } from 'prom-client';
import { Guard } from '../guard.js';
import { DROP_REASONS, subtract } from './accounts.js';
import { buildInfo } from './build-info.js';
import { DurationHistogram } from './duration-histogram.js';
import { createMetric, type MetricHead } from './metric.js';
import type { MetricsSource } from './metrics-source.js';
import type { MetricsRegistry } from './prom-client.js';
import { RECORD_MISSING } from './record-metric.js';
import { Registration } from './registration.js';
import { reporterMetrics } from './reporter-metrics.js';
import { SESSION_METRICS } from './session-metrics.js';
import { SOURCE_METRICS } from './source-metrics.js';

/** The values of one metric: a number, or a number for each value of its label. */
type Values = number | Readonly<Record<string, number>>;

interface Definition extends MetricHead {
  readonly label?: 'reason' | 'kind' | 'source' | 'reporter' | 'lost_by';
  values(source: MetricsSource): Values;
}

const PREFIX = 'agent_boundary_log_proxy_';

const droppedIn = (unit: 'batches' | 'logs', source: MetricsSource) => {
  const { dropped } = source.accounts();
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, dropped[reason][unit]]));
};

/** All metrics except the histogram. The first three have the names that Coder's workspace agent uses. */
export const METRICS: readonly Definition[] = [
  {
    name: `${PREFIX}batches_dropped_total`,
    type: 'counter',
    help: 'Batches that were not delivered to the reporter.',
    label: 'reason',
    values: (source) => droppedIn('batches', source),
  },
  {
    name: `${PREFIX}logs_dropped_total`,
    type: 'counter',
    help: 'Logs that were not delivered to the reporter, or that boundary itself dropped (boundary_*).',
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
    help: 'Batches that the reporter accepted.',
    values: (source) => source.accounts().forwarded.batches,
  },
  {
    name: `${PREFIX}logs_forwarded_total`,
    type: 'counter',
    help: 'Logs that the reporter accepted.',
    values: (source) => source.accounts().forwarded.logs,
  },
  {
    name: `${PREFIX}batches_received_total`,
    type: 'counter',
    help: 'Batches that were received on the socket, or that the source delivered for the first time.',
    values: (source) => subtract(source.accounts().received, source.accounts().recovered).batches,
  },
  {
    name: `${PREFIX}logs_received_total`,
    type: 'counter',
    help: 'Logs that were received on the socket, or that the source delivered for the first time.',
    values: (source) => subtract(source.accounts().received, source.accounts().recovered).logs,
  },
  {
    name: `${PREFIX}batches_recovered_total`,
    type: 'counter',
    help: 'Batches that the spool contained when it was opened.',
    values: (source) => source.accounts().recovered.batches,
  },
  {
    name: `${PREFIX}logs_recovered_total`,
    type: 'counter',
    help: 'Logs that the spool contained when it was opened.',
    values: (source) => source.accounts().recovered.logs,
  },
  ...SOURCE_METRICS,
  {
    name: `${PREFIX}retries_total`,
    type: 'counter',
    help: 'Failed attempts that were retried.',
    values: (source) => source.retries(),
  },
  {
    name: `${PREFIX}frames_rejected_total`,
    type: 'counter',
    help: 'Frames that were rejected.',
    label: 'reason',
    values: (source) => source.rejected,
  },
  {
    name: `${PREFIX}connections_open`,
    type: 'gauge',
    help: 'Connections that are open.',
    values: (source) => source.connections.open,
  },
  {
    name: `${PREFIX}connections_total`,
    type: 'counter',
    help: 'Connections that were accepted.',
    values: (source) => source.connections.total,
  },
  {
    name: `${PREFIX}connections_max`,
    type: 'gauge',
    help: 'How many connections may be open.',
    values: (source) => source.connections.max,
  },
  {
    name: `${PREFIX}connections_rejected_total`,
    type: 'counter',
    help: 'Connections that were closed at once.',
    label: 'reason',
    values: (source) => source.connections.refused,
  },
  {
    name: `${PREFIX}connections_idle_total`,
    type: 'counter',
    help: 'Connections that were closed because their senders were silent.',
    values: (source) => source.connections.idle,
  },
  {
    name: `${PREFIX}resource_shortages_total`,
    type: 'counter',
    help: 'Operations that failed because the system could not provide something.',
    label: 'kind',
    values: (source) => source.shortages,
  },
  {
    name: `${PREFIX}buffer_batches`,
    type: 'gauge',
    help: 'Batches in the buffer or spool, without those in flight.',
    values: (source) => source.accounts().buffered.batches,
  },
  {
    name: `${PREFIX}buffer_logs`,
    type: 'gauge',
    help: 'Logs in the buffer or spool, without those in flight.',
    values: (source) => source.accounts().buffered.logs,
  },
  {
    name: `${PREFIX}buffer_capacity_batches`,
    type: 'gauge',
    help: 'Capacity of the buffer in batches; +Inf for a spool.',
    values: (source) => source.buffer.maxBatches,
  },
  {
    name: `${PREFIX}buffer_bytes`,
    type: 'gauge',
    help: 'Bytes in the buffer or spool. A spool also contains the batches in flight.',
    values: (source) => source.buffer.held.bytes,
  },
  {
    name: `${PREFIX}buffer_capacity_bytes`,
    type: 'gauge',
    help: 'Capacity of the buffer or spool in bytes.',
    values: (source) => source.buffer.maxBytes,
  },
  {
    name: `${PREFIX}in_flight_batches`,
    type: 'gauge',
    help: 'Batches that the reporter is working on.',
    values: (source) => source.accounts().inFlight.batches,
  },
  {
    name: `${PREFIX}in_flight_logs`,
    type: 'gauge',
    help: 'Logs that the reporter is working on.',
    values: (source) => source.accounts().inFlight.logs,
  },
  {
    name: `${PREFIX}reporter_up`,
    type: 'gauge',
    help: 'Whether the reporter works: 1, or 0 from a failure until the next success; further reporters have a label.',
    label: 'reporter',
    values: ({ reporter, others = [] }) =>
      Object.fromEntries(
        [{ name: '', state: reporter }, ...others].map(({ name, state }) => [name, state.isUp ? 1 : 0]),
      ),
  },
  {
    name: `${PREFIX}last_success_timestamp_seconds`,
    type: 'gauge',
    help: 'When the reporter last accepted a batch, in seconds since 1970; 0 if it never did.',
    values: (source) => source.reporter.lastSuccess(),
  },
  {
    name: `${PREFIX}wasm_enabled`,
    type: 'gauge',
    help: 'Whether WebAssembly is available: 1, or 0 if slower JavaScript does its work.',
    values: (source) => (source.wasmEnabled() ? 1 : 0),
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
  RECORD_MISSING,
  ...SESSION_METRICS,
  {
    name: `${PREFIX}foreign_errors_total`,
    type: 'counter',
    help: 'Errors of the logger and the registry that the program gave to the proxy.',
    label: 'source',
    values: (source) => source.foreignErrors(),
  },
];

export const FORWARD_DURATION = {
  name: `${PREFIX}forward_duration_seconds`,
  type: 'histogram',
  help: 'How long the reporter took for a batch that it accepted.',
} as const;

/** The metrics of a proxy in a registry. They are read from their source when somebody asks the registry for them. */
export class Metrics {
  readonly forwardDuration = new DurationHistogram(FORWARD_DURATION.name, FORWARD_DURATION.help);
  readonly #registration: Registration;

  /**
   * @param guard Calls the registry, which may fail: then some metrics are missing.
   * @throws ERR_REGISTRY_IN_USE if the registry has the metrics of another proxy that is not closed.
   */
  constructor(registry: MetricsRegistry, source: MetricsSource, guard = new Guard(() => undefined)) {
    const metrics = [
      ...METRICS.map((definition) => metricOf(definition, source)),
      ...reporterMetrics(source.others),
      buildInfo(),
      this.forwardDuration,
    ];
    this.#registration = new Registration(registry, metrics as Metric[], guard);
  }

  /**
   * The proxy is closed.
   *
   * @param keepsValues Whether its last values stay in the registry until another proxy uses it.
   */
  release(keepsValues: boolean): void {
    this.#registration.release(keepsValues);
  }
}

function metricOf(definition: Definition, source: MetricsSource): object {
  const { label, values } = definition;
  return createMetric(definition, label === undefined ? [] : [label], (publish) => {
    const now = values(source);
    if (typeof now === 'number') publish({}, now);
    // Without a value, a label is as if it was not there.
    else for (const [value, n] of Object.entries(now)) publish(value ? { [label as string]: value } : {}, n);
  });
}
