import { createRequire } from 'node:module';
import type { Registry } from 'prom-client';

const load = createRequire(import.meta.url);

/**
 * Of prom-client's default metrics, those that cost little: memory, CPU, descriptors, garbage collection and the delay
 * of the event loop. `collectDefaultMetrics()` has no choice. The others list all handles and requests of the process at
 * each scrape, which takes megabytes with 1,000 connections.
 */
const COLLECTORS = [
  'processCpuTotal',
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
export function registerProcessMetrics(registry: Registry): void {
  for (const name of COLLECTORS)
    load(`prom-client/lib/metrics/${name}.js`)(registry, { eventLoopMonitoringPrecision: 10 });
}
