import { Gauge } from './prom-client.js';
import { VERSION } from './version.js';

export const BUILD_INFO = {
  name: 'agent_boundary_log_proxy_build_info',
  type: 'gauge',
  help: 'The versions of this package and of Node, as labels. Its value is always 1.',
  labels: ['version', 'node'],
} as const;

/** The metric, which belongs to no registry yet. */
export function buildInfo(): object {
  const { name, help, labels } = BUILD_INFO;
  const gauge = new Gauge({ name, help, labelNames: labels, registers: [] });
  gauge.set({ version: VERSION, node: process.version }, 1);
  return gauge;
}
