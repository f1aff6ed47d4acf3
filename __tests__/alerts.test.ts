import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { stringify } from 'yaml';
import { blocksOf } from './helpers/code-blocks.js';
import { ALERTS, DASHBOARD, EXPRESSIONS, GRAFANA, RULES, type Rule } from './helpers/dashboard.js';
import { logsFrame } from './helpers/messages.js';
import { commands, listening, type Running } from './helpers/processes.js';
import { PrometheusServer } from './helpers/prometheus-server.js';
import { logOf, METRICS, metricsOf, sendBatches, stopped } from './helpers/served.js';
import { sendAll } from './helpers/socket-client.js';
import { testUnless } from './helpers/system.js';
import { tempPaths } from './helpers/temp.js';
import { until } from './helpers/until.js';

jest.setTimeout(300_000);

const start = commands();
const path = tempPaths();
const servers: PrometheusServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const PROMTOOL =
  spawnSync('promtool', ['--version']).status === 0 ? undefined : 'Prometheus is not installed';
const withPrometheus = testUnless(PROMTOOL);

function promtool(args: string[], input = '') {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input });
  return { status, output: stdout + stderr };
}

/** Runs the unit tests of the alerts with other rules. */
function testRules(rules: string) {
  const folder = path();
  mkdirSync(folder);
  writeFileSync(join(folder, 'alerts.yml'), rules);
  const tests = join(folder, 'alerts.test.yml');
  writeFileSync(tests, readFileSync(join(GRAFANA, 'alerts.test.yml')));
  return promtool(['test', 'rules', tests]);
}

describe('promtool', () => {
  withPrometheus('accepts the rules', async () => {
    const { status, output } = promtool(['check', 'rules', join(GRAFANA, 'alerts.yml')]);
    expect([status, output]).toEqual([0, expect.stringContaining(`${RULES.length} rules found`)]);
  });

  withPrometheus('accepts the configuration of docs/monitoring.md', async () => {
    const [block] = blocksOf('docs/monitoring.md').filter(({ language }) => language === 'yaml');
    const folder = path();
    mkdirSync(folder);
    writeFileSync(join(folder, 'alerts.yml'), ALERTS);
    writeFileSync(join(folder, 'prometheus.yml'), block?.code ?? '');
    const { status, output } = promtool(['check', 'config', join(folder, 'prometheus.yml')]);
    expect([status, output]).toEqual([0, expect.stringContaining(`${RULES.length} rules found`)]);
  });

  withPrometheus('runs the unit tests of the rules', async () => {
    const { status, output } = testRules(ALERTS);
    expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  withPrometheus('has nothing against the metrics', async () => {
    const socket = path();
    const reporters = ['--reporter', 'null', '--reporter', 'stdout'];
    const served = start(['serve', '--socket', socket, '--spool', path(), ...reporters, ...METRICS]);
    await listening(served, socket);
    expect(promtool(['check', 'metrics'], await metricsOf(served))).toEqual({ status: 0, output: '' });
  });
});

describe('the unit tests of the rules notice', () => {
  const BRANCH = '\n  or ';

  /** Changes the rules, and expects that a test of each rule that was changed fails. */
  function expectNoticed(change: (rule: Rule) => Rule | undefined) {
    const rules = RULES.map((rule) => change(rule) ?? rule);
    const changed = RULES.filter((rule, i) => rule !== rules[i]).map(({ alert }) => alert);
    expect(changed).not.toEqual([]);
    const { status, output } = testRules(stringify({ groups: [{ name: 'changed', rules }] }));
    expect([status, changed.filter((alert) => !output.includes(alert))]).toEqual([1, []]);
  }

  const most = Math.max(...RULES.map(({ expr }) => expr.split(BRANCH).length));
  for (let i = 0; i < most; i++) {
    withPrometheus(`that condition ${i + 1} of an alert is missing`, async () => {
      expectNoticed(({ expr, ...rule }) => {
        const branches = expr.split(BRANCH);
        if (i >= branches.length) return undefined;
        const others = branches.filter((_, j) => j !== i);
        return { ...rule, expr: others.length === 0 ? 'vector(1) < 0' : others.join(BRANCH) };
      });
    });
  }

  withPrometheus('that an alert waits longer', async () => {
    const twice = (time: string) => `${2 * Number.parseInt(time, 10)}m`;
    expectNoticed((rule) => ({ ...rule, for: rule.for === undefined ? '1m' : twice(rule.for) }));
  });

  withPrometheus('that an alert does not wait', async () => {
    expectNoticed(({ for: time, ...rule }) => (time === undefined ? undefined : rule));
  });
});

describe('a real Prometheus', () => {
  /** The address of the metrics of a `serve`. */
  const addressOf = (served: Running) =>
    new URL(logOf(served).find(({ msg }) => msg === 'serving metrics').url).host;

  /** What Grafana puts in place of the variables. */
  const asGrafana = (expression: string) =>
    expression
      .replaceAll('$__rate_interval', '10s')
      .replaceAll('$__range', '5m')
      .replaceAll(/\$(job|instance)/g, '.+');

  withPrometheus(
    'evaluates the dashboard, and raises the alerts',
    async () => {
      // Both reporters of the first proxy fail, and its buffers are small; those of the second one work.
      const [failing, working] = [path(), path()];
      const many = ['--buffer', '5', '--retry-max-delay', '0.2', '--drain', '0'];
      const nobody = [path(), path()].flatMap((socket) => ['--reporter', `socket:${socket}`]);
      const first = start(['serve', '--socket', failing, ...many, ...nobody, ...METRICS]);
      const second = start([
        ...['serve', '--socket', working, '--spool', path(), '--record', path()],
        ...['--reporter', 'stdout', '--reporter', 'null', ...METRICS],
      ]);
      await Promise.all([listening(first, failing), listening(second, working)]);
      const targets = { proxies: [addressOf(first), addressOf(second)] };
      const prometheus = await PrometheusServer.start(path(), targets, join(GRAFANA, 'alerts.yml'));
      servers.push(prometheus);
      const instance = addressOf(first);

      // A counter has to be scraped before it grows.
      const scraped = 'count(agent_boundary_log_proxy_build_info)';
      await until(
        'both are scraped',
        async () => (await prometheus.query(scraped))[0]?.value[1] === '2',
        60_000,
      );
      await sendBatches(failing, 40, 3);
      await sendAll(failing, [logsFrame(1), Buffer.from([1, 0, 0, 1, 255])]);

      const firing = async () => {
        const { alerts } = await prometheus.api('alerts');
        return (alerts as { labels: Record<string, string>; state: string }[])
          .map(({ labels, state }) => [
            labels.alertname,
            state,
            labels.instance,
            labels.reporter ?? '',
            labels.reason ?? '',
          ])
          .sort();
      };
      const [socketReporter = ''] = [...new Set((await metricsOf(first)).match(/reporter="[^"]+"/g))];
      const other = socketReporter.slice('reporter="'.length, -1);
      const raised = [
        ['BoundaryBufferFilling', 'pending', instance, '', ''],
        ['BoundaryBufferFilling', 'pending', instance, other, ''],
        ['BoundaryFramesRejected', 'firing', instance, '', 'invalid_protobuf'],
        ['BoundaryLogsLost', 'firing', instance, '', 'buffer_full'],
        ['BoundaryLogsLost', 'firing', instance, other, 'buffer_full'],
        ['BoundaryReporterUnavailable', 'pending', instance, '', ''],
        ['BoundaryReporterUnavailable', 'pending', instance, other, ''],
      ];
      await until(
        'the alerts are there',
        async () => JSON.stringify(await firing()) === JSON.stringify(raised),
        60_000,
      ).catch(async () => expect(await firing()).toEqual(raised));

      // What it says is what a person reads.
      const { alerts } = await prometheus.api('alerts');
      const lost = alerts.find(
        ({ labels }: Rule & { labels: { alertname: string } }) => labels.alertname === 'BoundaryLogsLost',
      );
      expect(lost.annotations.description).toMatch(
        /^About [\d.]+ logs are lost, .* The buffer was full, because /,
      );
      const { groups } = await prometheus.api('rules');
      const states = groups[0].rules.map(({ name, health, lastError }: Record<string, string>) => [
        name,
        health,
        lastError,
      ]);
      expect(states).toEqual(RULES.map(({ alert }) => [alert, 'ok', undefined]));

      // Rates need traffic while they are observed.
      const empty = async () => {
        await Promise.all([sendBatches(failing, 1, 1), sendBatches(working, 5, 3)]);
        const counts = await Promise.all(
          EXPRESSIONS.map(async ({ expr, instant }) =>
            instant
              ? (await prometheus.query(asGrafana(expr))).length
              : prometheus.queryRange(asGrafana(expr), 20),
          ),
        );
        return EXPRESSIONS.filter((_, i) => counts[i] === 0).map(({ title, expr }) => `${title}: ${expr}`);
      };
      let missing: string[] = [];
      // Nothing has restarted yet, and none of them has a source.
      const isEmpty = (text: string) => /^(Restarts|Sources): /.test(text);
      await until(
        'every expression of the dashboard has data',
        async () => {
          missing = (await empty()).filter((text) => !isEmpty(text));
          return missing.length === 0;
        },
        90_000,
      ).catch(() => expect(missing).toEqual([]));

      const number = async (expression: string) =>
        Number((await prometheus.query(asGrafana(expression)))[0]?.value[1]);
      const shown = (title: string) => EXPRESSIONS.find((one) => one.title === title)?.expr ?? '';
      expect(await number(shown('Logs lost'))).toBeGreaterThan(90);
      expect(await number(shown('Unaccounted for'))).toBe(0);
      expect(await number(shown('Reporters unavailable'))).toBe(2);

      // The variables offer both proxies.
      const [, selector = ''] =
        /^label_values\((.*), instance\)$/.exec(DASHBOARD.templating.list[2].definition) ?? [];
      const instances = await prometheus.api(
        `label/instance/values?match[]=${encodeURIComponent(asGrafana(selector))}`,
      );
      expect(instances).toEqual([...targets.proxies].sort());

      // A proxy that ends is not a proxy without alerts.
      await stopped(second);
      await until(
        'the proxy that ended is missed',
        async () =>
          (await firing()).some(
            ([name, , from]) => name === 'BoundaryProxyUnreachable' && from === targets.proxies[1],
          ),
        60_000,
      );
    },
    300_000,
  );
});

test('CI installs Prometheus', () => {
  expect(readFileSync(join(GRAFANA, '../../.ci/run'), 'utf8')).toContain('\nneed promtool prometheus\n');
});
