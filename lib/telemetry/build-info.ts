import { createRequire } from 'node:module';
import { Gauge } from './prom-client.js';

export const BUILD_INFO = {
  name: 'agent_boundary_log_proxy_build_info',
  type: 'gauge',
  help: 'The versions of this package and of Node, as labels. Its value is always 1.',
  labels: ['version', 'node'],
} as const;

/** The metric, which belongs to no registry yet. */
export function buildInfo(): object {
  const { name, help, labels } = BUILD_INFO;
  const { version } = createRequire(import.meta.url)('boundary-log-proxy/package.json');
  const gauge = new Gauge({ name, help, labelNames: labels, registers: [] });
  gauge.set({ version, node: process.version }, 1);
  return gauge;
}
