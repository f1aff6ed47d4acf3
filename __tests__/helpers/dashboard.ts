import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './code-blocks.js';

export const GRAFANA = join(ROOT, 'examples/grafana');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: object;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly {
    readonly refId: string;
    readonly datasource: object;
    readonly expr: string;
    readonly legendFormat: string;
    readonly instant: boolean;
  }[];
}

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const read = (file: string) => readFileSync(join(GRAFANA, file), 'utf8');

/** The dashboard of the examples. */
export const DASHBOARD = JSON.parse(read('dashboard.json'));
export const PANELS: readonly Panel[] = DASHBOARD.panels;
export const ALERTS = read('alerts.yml');
export const RULES: readonly Rule[] = parse(ALERTS).groups[0].rules;
/** The unit tests of the alerts. */
export const ALERT_TESTS = parse(read('alerts.test.yml'));

/** Each expression of the dashboard, with the title of its panel. */
export const EXPRESSIONS: readonly { title: string; expr: string; legend: string; instant: boolean }[] = [
  ...PANELS.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat, instant }) => ({ title, expr, legend: legendFormat, instant })),
  ),
  ...DASHBOARD.annotations.list.map(({ name, expr, titleFormat }: Record<string, string>) => ({
    title: name,
    expr,
    legend: titleFormat,
    instant: false,
  })),
];
