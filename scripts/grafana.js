/*
 * Writes the dashboard and the alert rules in `examples/grafana/` from the definitions of the metrics:
 * `npm run grafana [-- FOLDER]`. With FOLDER, it writes there instead.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alertRules } from './grafana/alerts.js';
import { dashboard } from './grafana/dashboard.js';
import { Metrics } from './grafana/metrics.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [target = join(ROOT, 'examples/grafana')] = process.argv.slice(2);

/** @param {string} module Of the build, without its extension. */
const built = (module) => createRequire(import.meta.url)(join(ROOT, 'dist/lib', `${module}.js`));
const { METRICS, FORWARD_DURATION } = built('telemetry/metrics');
const { Registry } = built('telemetry/prom-client');

const registry = new Registry();
built('cli/process-metrics').registerProcessMetrics(registry);
const metrics = new Metrics([
  ...METRICS,
  ...built('telemetry/reporter-metrics').REPORTER_METRICS,
  built('telemetry/build-info').BUILD_INFO,
  FORWARD_DURATION,
  built('cli/metrics-server').HTTP_CONNECTIONS_CLOSED,
  built('cli/log-output').LOG_LINES_LOST,
  ...registry.getMetricsAsArray().map(definitionOf),
]);
const { DROP_REASONS } = built('telemetry/accounts');

/** @param {any} metric Of prom-client, whose types do not have what it is made of. */
function definitionOf({ name, type, help, labelNames }) {
  return { name, type, help, labels: labelNames };
}

mkdirSync(target, { recursive: true });
writeFileSync(join(target, 'dashboard.json'), `${JSON.stringify(dashboard(metrics), null, 2)}\n`);
writeFileSync(join(target, 'alerts.yml'), alertRules(metrics, DROP_REASONS));
