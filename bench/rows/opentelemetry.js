// What a log costs that is sent to OpenTelemetry, beside one that is written as a line of JSON.
import { otlpPath } from '../otlp-path.js';
import { CPU_UNIT } from '../plays.js';

const BATCHES = 20_000;
const lines = otlpPath('stdout json to a pipe', 'stdout', {}, BATCHES);
const protobuf = otlpPath('http/protobuf', 'otlp', {}, BATCHES);
const json = otlpPath('http/json', 'otlp', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, BATCHES);
const gzip = otlpPath('gzip', 'otlp', { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }, BATCHES);

/** @type {import('../measure.js').Group} */
export const opentelemetry = {
  title: 'Forwarding to OpenTelemetry, batches of 10 logs',
  runs: 3,
  rows: [
    { name: 'otlp, http/protobuf', unit: CPU_UNIT, figure: 'cpu', of: protobuf, baseline: lines },
    { name: 'otlp, http/json', unit: CPU_UNIT, figure: 'cpu', of: json, baseline: protobuf },
    { name: 'otlp, http/protobuf, gzip', unit: CPU_UNIT, figure: 'cpu', of: gzip, baseline: protobuf },
    { name: 'otlp, http/protobuf, logs per export', unit: 'logs', figure: 'logs', of: protobuf },
  ],
};
