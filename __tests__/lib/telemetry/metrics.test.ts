import { readFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { DROP_REASONS } from '../../../lib/index.js';
import { BUILD_INFO } from '../../../lib/telemetry/build-info.js';
import { FORWARD_DURATION, METRICS, Metrics } from '../../../lib/telemetry/metrics.js';
import type { MetricsSource } from '../../../lib/telemetry/metrics-source.js';
import { REJECT_REASONS } from '../../../lib/telemetry/reject-reasons.js';
import { SHORTAGE_KINDS } from '../../../lib/telemetry/shortages.js';
import { thrown } from '../../helpers/thrown.js';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

const amount = (batches = 0, logs = 0) => ({ batches, logs });
const each = <K extends string, V>(keys: readonly K[], value: (key: K, index: number) => V) =>
  Object.fromEntries(keys.map((key, i) => [key, value(key, i)])) as Record<K, V>;

/** The state of a proxy. Every value is different, so that a test notices if two are swapped. */
const busy: MetricsSource = {
  accounts: () => ({
    received: amount(104, 1040),
    recovered: amount(3, 30),
    redelivered: amount(11, 110),
    forwarded: amount(42, 420),
    dropped: each(DROP_REASONS, (_reason, i) => amount(i + 1, 10 * (i + 1))),
    returned: amount(12, 120),
    buffered: amount(7, 70),
    inFlight: amount(2, 15),
  }),
  retries: () => 8,
  buffer: { held: { bytes: 777 }, maxBatches: 100, maxBytes: 3_276_800 },
  spool: { missing: { batches: 9, firstId: 1000, endId: 1009 }, failures: 10 },
  reporter: { isUp: true, lastSuccess: () => 1_772_566_954.25 },
  source: { isUp: true },
  status: { droppedChannelFull: 61, droppedBatchFull: 62 },
  rejected: each(REJECT_REASONS, (_reason, i) => 20 + i),
  connections: {
    open: 3,
    max: 999,
    total: 33,
    refused: { max_connections: 34, descriptors: 35 },
    idle: 36,
    unrecorded: 37,
  },
  sessions: {
    size: 81,
    totals: {
      sessions: 82,
      missing: { sender: 83, proxy: 84, reporter: 85, unexplained: 86 },
      duplicated: 87,
      withoutSession: 88,
    },
  },
  shortages: each(SHORTAGE_KINDS, (_kind, i) => 70 + i),
  wasmEnabled: () => true,
  foreignErrors: () => ({ logger: 71, registry: 72 }),
};

const fresh: MetricsSource = {
  accounts: () => ({
    received: amount(),
    recovered: amount(),
    redelivered: amount(),
    forwarded: amount(),
    dropped: each(DROP_REASONS, () => amount()),
    returned: amount(),
    buffered: amount(),
    inFlight: amount(),
  }),
  retries: () => 0,
  buffer: { held: { bytes: 0 }, maxBatches: 100, maxBytes: 3_276_800 },
  reporter: { isUp: false, lastSuccess: () => 0 },
  source: { isUp: false },
  status: { droppedChannelFull: 0, droppedBatchFull: 0 },
  rejected: each(REJECT_REASONS, () => 0),
  connections: {
    open: 0,
    max: 1024,
    total: 0,
    refused: { max_connections: 0, descriptors: 0 },
    idle: 0,
    unrecorded: 0,
  },
  shortages: each(SHORTAGE_KINDS, () => 0),
  wasmEnabled: () => false,
  foreignErrors: () => ({ logger: 0, registry: 0 }),
};

/** The samples in the Prometheus text, without those of the histogram. */
async function samples(source: MetricsSource): Promise<string[]> {
  const registry = new Registry();
  new Metrics(registry, source);
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_duration_'));
}

test('every metric has its name, label and value', async () => {
  expect(await samples(busy)).toEqual([
    'agent_boundary_log_proxy_batches_dropped_total{reason="buffer_full"} 1',
    'agent_boundary_log_proxy_batches_dropped_total{reason="unfair_share"} 2',
    'agent_boundary_log_proxy_batches_dropped_total{reason="forward_failed"} 3',
    'agent_boundary_log_proxy_batches_dropped_total{reason="shutdown"} 4',
    'agent_boundary_log_proxy_batches_dropped_total{reason="rejected"} 5',
    'agent_boundary_log_proxy_batches_dropped_total{reason="spool_full"} 6',
    'agent_boundary_log_proxy_batches_dropped_total{reason="spool_damaged"} 7',
    'agent_boundary_log_proxy_batches_dropped_total{reason="redaction_failed"} 8',
    'agent_boundary_log_proxy_batches_dropped_total{reason="quarantined"} 9',
    'agent_boundary_log_proxy_logs_dropped_total{reason="buffer_full"} 10',
    'agent_boundary_log_proxy_logs_dropped_total{reason="unfair_share"} 20',
    'agent_boundary_log_proxy_logs_dropped_total{reason="forward_failed"} 30',
    'agent_boundary_log_proxy_logs_dropped_total{reason="shutdown"} 40',
    'agent_boundary_log_proxy_logs_dropped_total{reason="rejected"} 50',
    'agent_boundary_log_proxy_logs_dropped_total{reason="spool_full"} 60',
    'agent_boundary_log_proxy_logs_dropped_total{reason="spool_damaged"} 70',
    'agent_boundary_log_proxy_logs_dropped_total{reason="redaction_failed"} 80',
    'agent_boundary_log_proxy_logs_dropped_total{reason="quarantined"} 90',
    'agent_boundary_log_proxy_logs_dropped_total{reason="boundary_channel_full"} 61',
    'agent_boundary_log_proxy_logs_dropped_total{reason="boundary_batch_full"} 62',
    'agent_boundary_log_proxy_batches_forwarded_total 42',
    'agent_boundary_log_proxy_logs_forwarded_total 420',
    'agent_boundary_log_proxy_batches_received_total 101',
    'agent_boundary_log_proxy_logs_received_total 1010',
    'agent_boundary_log_proxy_batches_recovered_total 3',
    'agent_boundary_log_proxy_logs_recovered_total 30',
    'agent_boundary_log_proxy_batches_redelivered_total 11',
    'agent_boundary_log_proxy_logs_redelivered_total 110',
    'agent_boundary_log_proxy_batches_returned_total 12',
    'agent_boundary_log_proxy_logs_returned_total 120',
    'agent_boundary_log_proxy_source_up 1',
    'agent_boundary_log_proxy_retries_total 8',
    'agent_boundary_log_proxy_frames_rejected_total{reason="invalid_protobuf"} 20',
    'agent_boundary_log_proxy_frames_rejected_total{reason="invalid_utf8"} 21',
    'agent_boundary_log_proxy_frames_rejected_total{reason="invalid_payload"} 22',
    'agent_boundary_log_proxy_frames_rejected_total{reason="truncated_header"} 23',
    'agent_boundary_log_proxy_frames_rejected_total{reason="truncated_payload"} 24',
    'agent_boundary_log_proxy_frames_rejected_total{reason="unsupported_tag"} 25',
    'agent_boundary_log_proxy_frames_rejected_total{reason="message_too_large"} 26',
    'agent_boundary_log_proxy_frames_rejected_total{reason="unknown_variant"} 27',
    'agent_boundary_log_proxy_frames_rejected_total{reason="implausible_status"} 28',
    'agent_boundary_log_proxy_frames_rejected_total{reason="frame_timeout"} 29',
    'agent_boundary_log_proxy_connections_open 3',
    'agent_boundary_log_proxy_connections_total 33',
    'agent_boundary_log_proxy_connections_max 999',
    'agent_boundary_log_proxy_connections_rejected_total{reason="max_connections"} 34',
    'agent_boundary_log_proxy_connections_rejected_total{reason="descriptors"} 35',
    'agent_boundary_log_proxy_connections_idle_total 36',
    'agent_boundary_log_proxy_resource_shortages_total{kind="EMFILE"} 70',
    'agent_boundary_log_proxy_resource_shortages_total{kind="ENFILE"} 71',
    'agent_boundary_log_proxy_resource_shortages_total{kind="ENOSPC"} 72',
    'agent_boundary_log_proxy_resource_shortages_total{kind="EDQUOT"} 73',
    'agent_boundary_log_proxy_resource_shortages_total{kind="EACCES"} 74',
    'agent_boundary_log_proxy_resource_shortages_total{kind="EIO"} 75',
    'agent_boundary_log_proxy_resource_shortages_total{kind="ENOMEM"} 76',
    'agent_boundary_log_proxy_buffer_batches 7',
    'agent_boundary_log_proxy_buffer_logs 70',
    'agent_boundary_log_proxy_buffer_capacity_batches 100',
    'agent_boundary_log_proxy_buffer_bytes 777',
    'agent_boundary_log_proxy_buffer_capacity_bytes 3276800',
    'agent_boundary_log_proxy_in_flight_batches 2',
    'agent_boundary_log_proxy_in_flight_logs 15',
    'agent_boundary_log_proxy_reporter_up 1',
    'agent_boundary_log_proxy_last_success_timestamp_seconds 1772566954.25',
    'agent_boundary_log_proxy_wasm_enabled 1',
    'agent_boundary_log_proxy_spool_missing_batches_total 9',
    'agent_boundary_log_proxy_spool_missing_first_id 1000',
    'agent_boundary_log_proxy_spool_missing_end_id 1009',
    'agent_boundary_log_proxy_spool_failures_total 10',
    'agent_boundary_log_proxy_record_missing_bytes_total 37',
    'agent_boundary_log_proxy_sessions_open 81',
    'agent_boundary_log_proxy_sessions_total 82',
    'agent_boundary_log_proxy_events_missing_total{lost_by="sender"} 83',
    'agent_boundary_log_proxy_events_missing_total{lost_by="proxy"} 84',
    'agent_boundary_log_proxy_events_missing_total{lost_by="reporter"} 85',
    'agent_boundary_log_proxy_events_missing_total{lost_by="unexplained"} 86',
    'agent_boundary_log_proxy_events_duplicated_total 87',
    'agent_boundary_log_proxy_events_without_session_total 88',
    'agent_boundary_log_proxy_foreign_errors_total{source="logger"} 71',
    'agent_boundary_log_proxy_foreign_errors_total{source="registry"} 72',
    `agent_boundary_log_proxy_build_info{version="${version}",node="${process.version}"} 1`,
  ]);
});

test('all metrics, with every reason, are there from the start, with the value 0', async () => {
  const sample = /^([^ ]+) ([\d.]+)$/;
  const names = (lines: string[]) => lines.map((line) => sample.exec(line)?.[1]);
  const start = await samples(fresh);
  expect(names(start)).toEqual(names(await samples(busy)));
  expect(start.filter((line) => !line.endsWith(' 0'))).toEqual([
    'agent_boundary_log_proxy_connections_max 1024',
    'agent_boundary_log_proxy_buffer_capacity_batches 100',
    'agent_boundary_log_proxy_buffer_capacity_bytes 3276800',
    expect.stringContaining('agent_boundary_log_proxy_build_info{'),
  ]);
});

test('types and help texts are those of the definitions', async () => {
  const registry = new Registry();
  new Metrics(registry, fresh);
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('#'));
  expect(lines).toEqual(
    [...METRICS, BUILD_INFO, FORWARD_DURATION].flatMap(({ name, type, help }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
    ]),
  );
});

test('values are read when they are asked for, and never counted twice', async () => {
  const registry = new Registry();
  const status = { droppedChannelFull: 1, droppedBatchFull: 0 };
  const connections = { ...fresh.connections, open: 2, total: 2 };
  new Metrics(registry, { ...fresh, status, connections });
  const ask = async () => {
    const text = await registry.metrics();
    return [/reason="boundary_channel_full"\} (\d+)/, /_connections_open (\d+)/].map((at) =>
      Number(at.exec(text)?.[1]),
    );
  };
  expect([await ask(), await ask()]).toEqual([
    [1, 2],
    [1, 2],
  ]);
  status.droppedChannelFull = 5;
  connections.open = 0;
  expect(await ask()).toEqual([5, 0]);
});

test('the registry contains the histogram of the forward durations', async () => {
  const registry = new Registry();
  const metrics = new Metrics(registry, fresh);
  metrics.forwardDuration.add(0.002);
  metrics.forwardDuration.add(0.25);
  const text = await registry.metrics();
  expect(text).toContain('agent_boundary_log_proxy_forward_duration_seconds_sum 0.252');
  expect(text).toContain('agent_boundary_log_proxy_forward_duration_seconds_count 2');
});

describe('one registry', () => {
  test('cannot be used by two proxies at the same time: ERR_REGISTRY_IN_USE', async () => {
    const registry = new Registry();
    new Metrics(registry, busy);
    const before = await registry.metrics();
    expect(thrown(() => new Metrics(registry, fresh))?.code).toBe('ERR_REGISTRY_IN_USE');
    expect(await registry.metrics()).toBe(before);
  });

  test('that has another metric of the same name is in use, too', () => {
    const registry = new Registry();
    new Counter({ name: FORWARD_DURATION.name, help: 'mine', registers: [registry] });
    const error = thrown(() => new Metrics(registry, fresh));
    expect([error?.code, error?.message.includes(FORWARD_DURATION.name)]).toEqual([
      'ERR_REGISTRY_IN_USE',
      true,
    ]);
  });

  test('keeps the last values of a proxy that was closed, and can be used by one other proxy', async () => {
    const registry = new Registry();
    new Counter({ name: 'mine_total', help: 'mine', registers: [registry] }).inc(3);
    const first = new Metrics(registry, busy);
    first.release(true);
    expect(await registry.metrics()).toContain('batches_forwarded_total 42');

    new Metrics(registry, fresh);
    const text = await registry.metrics();
    expect(text).toContain('batches_forwarded_total 0');
    expect(text).toContain('mine_total 3');
    expect(text.match(/^# TYPE .*forward_duration_seconds/gm)).toHaveLength(1);
    expect(thrown(() => new Metrics(registry, busy))?.code).toBe('ERR_REGISTRY_IN_USE');
  });

  test('that another proxy uses is not released by a second release()', () => {
    const registry = new Registry();
    const first = new Metrics(registry, fresh);
    first.release(true);
    new Metrics(registry, fresh);
    first.release(true);
    first.release(false);
    expect(thrown(() => new Metrics(registry, fresh))).toMatchObject({ code: 'ERR_REGISTRY_IN_USE' });
  });

  test('of a closed proxy is left with the metrics of the program alone', async () => {
    const registry = new Registry();
    new Counter({ name: 'mine_total', help: 'mine', registers: [registry] }).inc(3);
    const before = await registry.metrics();
    const first = new Metrics(registry, busy);
    // The program has replaced one of them, so that is its own.
    registry.removeSingleMetric(FORWARD_DURATION.name);
    const own = new Counter({ name: FORWARD_DURATION.name, help: 'mine', registers: [registry] });
    first.release(false);
    expect(registry.getSingleMetric(FORWARD_DURATION.name)).toBe(own);
    registry.removeSingleMetric(FORWARD_DURATION.name);
    expect(await registry.metrics()).toBe(before);
  });

  test('that another copy of this module has released can be used', async () => {
    const registry = new Registry();
    new Metrics(registry, busy).release(true);
    jest.resetModules();
    const copy: typeof import('../../../lib/telemetry/metrics.js') = await import(
      '../../../lib/telemetry/metrics.js'
    );
    expect(copy.Metrics).not.toBe(Metrics);
    new copy.Metrics(registry, fresh);
    expect(await registry.metrics()).toContain('batches_forwarded_total 0');
    expect(thrown(() => new Metrics(registry, fresh))?.code).toBe('ERR_REGISTRY_IN_USE');
  });

  test('per proxy: both can be used at the same time', async () => {
    const [one, two] = [new Registry(), new Registry()];
    new Metrics(one, busy);
    new Metrics(two, fresh);
    expect(await one.metrics()).toContain('connections_total 33');
    expect(await two.metrics()).toContain('connections_total 0');
  });
});
