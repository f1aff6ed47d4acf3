import { createRequire } from 'node:module';
import type { Registry } from 'prom-client';
import { Gauge } from './prom-client.js';

export const BUILD_INFO = {
  name: 'agent_boundary_log_proxy_build_info',
  type: 'gauge',
  help: 'The versions of this package and of Node, as labels. Its value is always 1.',
  labels: ['version', 'node'],
} as const;

/** Adds the metric to a registry. */
export function registerBuildInfo(registry: Registry): void {
  const { name, help, labels } = BUILD_INFO;
  const { version } = createRequire(import.meta.url)('boundary-log-proxy/package.json');
  new Gauge({ name, help, labelNames: labels, registers: [registry] }).set(
    { version, node: process.version },
    1,
  );
}
