import { createRequire } from 'node:module';
import { Counter, type MetricsRegistry } from '../telemetry/prom-client.js';

const load = createRequire(import.meta.url);

/**
 * Of prom-client's default metrics, those that cost little: memory, descriptors, garbage collection and the delay of the
 * event loop. `collectDefaultMetrics()` has no choice. Others list all handles and requests of the process at each
 * scrape, which takes megabytes with 1,000 connections, and the one for the CPU loads OpenTelemetry.
 */
const COLLECTORS = [
  'processStartTime',
  'osMemoryHeap',
  'processOpenFileDescriptors',
  'processMaxFileDescriptors',
  'eventLoopLag',
  'heapSizeAndUsed',
  'version',
  'gc',
];

/** Adds the metrics of this process to a registry. */
export function registerProcessMetrics(registry: MetricsRegistry): void {
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  for (const name of COLLECTORS)
    load(`prom-client/lib/metrics/${name}.js`)(registry, { eventLoopMonitoringPrecision: 10 });
}
