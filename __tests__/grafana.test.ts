import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { LEFT_OUT } from '../scripts/grafana/left-out.js';
import { ROOT } from './helpers/code-blocks.js';
import { ALERT_TESTS, DASHBOARD, EXPRESSIONS, GRAFANA, PANELS, RULES } from './helpers/dashboard.js';
import { tableAfter } from './helpers/markdown.js';
import { commands, listening } from './helpers/processes.js';
import { type Sample, samplesOf } from './helpers/prometheus.js';
import { mentionedIn } from './helpers/promql.js';
import { METRICS, metricsOf } from './helpers/served.js';
import { tempPaths } from './helpers/temp.js';
import { until } from './helpers/until.js';

jest.setTimeout(60_000);

const start = commands();
const path = tempPaths();

test('the committed files are what `npm run grafana` writes', () => {
  const folder = path();
  const env = { ...process.env, NODE_OPTIONS: '' };
  execFileSync(process.execPath, ['scripts/grafana.js', folder], { cwd: ROOT, env });
  for (const file of ['dashboard.json', 'alerts.yml']) {
    const isSame = readFileSync(join(GRAFANA, file)).equals(readFileSync(join(folder, file)));
    expect({ file, isSame }).toEqual({ file, isSame: true });
  }
});

describe('the metrics of a proxy with all options that add some', () => {
  let families: string[];
  let samples: Sample[];

  beforeAll(async () => {
    const socket = path();
    const options = ['--spool', path(), '--record', path()];
    const reporters = ['--reporter', 'null', '--reporter', 'stdout'];
    const served = start(['serve', '--socket', socket, ...options, ...reporters, ...METRICS]);
    await listening(served, socket);
    let text = '';
    // This metric has no value before the first collection.
    await until(
      'garbage is collected',
      async () => {
        text = await metricsOf(served);
        return text.includes('nodejs_gc_duration_seconds_sum{');
      },
      50_000,
    );
    families = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name as string);
    samples = samplesOf(text);
  });

  /** Labels that a scrape adds, and those of Prometheus itself. */
  const SCRAPED = ['job', 'instance'];
  const OF_PROMETHEUS: Record<string, string[]> = {
    up: [],
    ALERTS: ['alertname', 'alertstate', 'severity'],
  };
  const familyOf = (name: string) =>
    families.find((family) =>
      [family, `${family}_bucket`, `${family}_sum`, `${family}_count`].includes(name),
    );
  const labelsOf = (name: string) => [
    ...(OF_PROMETHEUS[name] ?? []),
    ...samples.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels)),
  ];

  /** What is mentioned in an expression, and is not there. */
  function unknownIn(expression: string, moreLabels: string[] = []): string[] {
    const { metrics, labels } = mentionedIn(expression);
    const known = new Set([...SCRAPED, ...metrics.flatMap(labelsOf)]);
    // ALERTS has the labels of the alert, which are those of the series in the same tests.
    const isOfAlerts = metrics.includes('ALERTS');
    return [
      ...metrics.filter((name) => familyOf(name) === undefined && OF_PROMETHEUS[name] === undefined),
      ...[...labels, ...moreLabels].filter((label) => !isOfAlerts && !known.has(label)),
    ];
  }

  const inText = (text: string) =>
    [...text.matchAll(/\$labels\.(\w+)|\{\{(\w+)\}\}/g)].map(
      ([, label, other]) => (label ?? other) as string,
    );

  test('has every metric and label that the dashboard mentions', () => {
    expect(EXPRESSIONS.length).toBeGreaterThan(50);
    const unknown = EXPRESSIONS.map(({ title, expr, legend }) => [title, unknownIn(expr, inText(legend))]);
    expect(unknown.filter(([, names]) => names?.length !== 0)).toEqual([]);
    for (const { definition } of DASHBOARD.templating.list.slice(1)) {
      const [, expr = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      expect([unknownIn(expr, [label]), mentionedIn(expr).metrics.length]).toEqual([[], 1]);
    }
  });

  test.each(RULES)('has every metric and label that $alert mentions', ({ expr, annotations }) => {
    // A further reporter has a label, so an alert about all reporters may use it.
    expect(mentionedIn(expr).metrics).not.toEqual([]);
    const { summary, description } = annotations;
    const used = inText(`${summary} ${description}`).filter((label) => label !== 'reporter');
    expect(unknownIn(expr, used)).toEqual([]);
  });

  test('has every metric, label and value that the tests of the alerts mention', () => {
    interface Case {
      readonly input_series: readonly { series: string }[];
      readonly promql_expr_test?: readonly { expr: string }[];
    }
    for (const { input_series, promql_expr_test = [] } of ALERT_TESTS.tests as Case[]) {
      for (const { series } of input_series) {
        expect([series, unknownIn(series)]).toEqual([series, []]);
        const [, reason] = /reason="(\w+)"/.exec(series) ?? [];
        const {
          metrics: [name],
        } = mentionedIn(series);
        if (reason === undefined) continue;
        const reasons = samples.filter((sample) => sample.name === name).map(({ labels }) => labels.reason);
        expect(reasons).toContain(reason);
      }
      for (const { expr } of promql_expr_test) expect(unknownIn(expr)).toEqual([]);
    }
  });

  test('are all on the dashboard, except those that are left out with a reason', () => {
    const shown = new Set(EXPRESSIONS.flatMap(({ expr }) => mentionedIn(expr).metrics.map(familyOf)));
    expect(families.filter((family) => !shown.has(family)).sort()).toEqual(Object.keys(LEFT_OUT).sort());
    for (const reason of Object.values(LEFT_OUT)) expect(reason).toMatch(/\w{2,} \w+/);
  });
});

describe('the names that are found in an expression', () => {
  test.each([
    ['up == 0 and on (job, instance) last_over_time(a_info[1d])', ['up', 'a_info'], ['job', 'instance']],
    ['sum without (reason) (a{reason!~"b.*", x="}"}) - abs(b) != 0', ['a', 'b'], ['reason', 'x', 'reason']],
    ['a / ignoring (r) group_left (v) b > 0.8 or c unless d offset 10m', ['a', 'b', 'c', 'd'], ['r', 'v']],
    ['histogram_quantile(0.9, sum by (le) (rate(a_bucket[$__rate_interval]))) < Inf', ['a_bucket'], ['le']],
  ])('%s', (expression, metrics, labels) => {
    const found = mentionedIn(expression);
    expect([found.metrics, found.labels.sort()]).toEqual([metrics, labels.sort()]);
  });
});

describe('the dashboard', () => {
  test('begins with what matters most', () => {
    expect(PANELS.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
      'Is anything lost?',
      'Is the reporter up?',
      'Flow',
      'Buffer and spool',
      'Connections',
      'Process',
    ]);
  });

  test('has a data source to choose, and each panel uses it', () => {
    const names = DASHBOARD.templating.list.map(({ name, type }: Record<string, string>) => [name, type]);
    expect(names).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ]);
    // It is not bound to the installation that it was exported from.
    expect([DASHBOARD.id, DASHBOARD.__inputs]).toEqual([undefined, undefined]);
    const datasource = { type: 'prometheus', uid: '$' + '{datasource}' };
    for (const panel of PANELS.filter(({ type }) => type !== 'row')) {
      expect(panel.datasource).toEqual(datasource);
      for (const target of panel.targets ?? []) expect(target.datasource).toEqual(datasource);
    }
  });

  test.each(PANELS.filter(({ type }) => type !== 'row'))('$title: has what a panel needs', (panel) => {
    expect(panel.description).toMatch(/^(?:[A-Z]|boundary ).+[.]\n\n- `\w+`: /);
    expect(panel.fieldConfig?.defaults.unit).toMatch(/^\w+$/);
    const ids = panel.targets?.map(({ refId }) => refId) ?? [];
    expect(ids).toEqual(['A', 'B', 'C', 'D', 'E'].slice(0, ids.length));
    for (const { expr, legendFormat } of panel.targets ?? []) {
      expect(legendFormat).not.toBe('');
      // Each selector has both variables, so that no panel shows other proxies than those that were chosen.
      const { metrics, labels } = mentionedIn(expr);
      for (const variable of ['job', 'instance'])
        expect(expr.split(`${variable}=~"$${variable}"`)).toHaveLength(metrics.length + 1);
      expect(labels).toContain('instance');
    }
  });

  test('has panels that neither overlap nor leave the grid', () => {
    const taken = new Map<string, number>();
    for (const { id, gridPos } of PANELS) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`)).toBeUndefined();
          taken.set(`${x},${y}`, id);
        }
      }
    }
    expect(new Set(PANELS.map(({ id }) => id)).size).toBe(PANELS.length);
  });
});

test('docs/monitoring.md lists the alerts, how severe they are, and how long they wait', () => {
  const table = tableAfter(readFileSync(join(ROOT, 'docs/monitoring.md'), 'utf8'), '| alert ');
  expect(table.map(([alert, severity]) => [alert, severity])).toEqual(
    RULES.map(({ alert, labels }) => [alert, labels.severity]),
  );
  for (const [i, rule] of RULES.entries()) {
    const time = rule.for ?? /\[(\w+)\]/.exec(rule.expr)?.[1];
    expect(table[i]?.[2]).toMatch(new RegExp(`\\b${Number.parseInt(time ?? '', 10)} minutes?\\b`));
  }
});

test.each(RULES)(
  '$alert has a severity, and says what happened and what to do',
  ({ labels, annotations }) => {
    expect(labels.severity).toMatch(/^(critical|warning)$/);
    expect(annotations.summary).toContain('{{ $labels.instance }}');
    expect(annotations.summary).not.toMatch(/\.$/);
    expect(annotations.description).toMatch(/(\.|\.\{\{ end \}\})$/);
  },
);
