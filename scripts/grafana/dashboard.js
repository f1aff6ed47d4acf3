import { SECTIONS } from './panels.js';

/** @import { Metrics } from './metrics.js' */
/** @import { Panel } from './panels.js' */

/** What current versions of Grafana write. Older ones ignore what they do not know. */
const SCHEMA_VERSION = 42;
const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` };
/** The time series that the variables of the dashboard choose. */
const CHOSEN = 'job=~"$job", instance=~"$instance"';
/** Grafana divides the width into so many columns. */
const COLUMNS = 24;

/** How much room a panel has, in columns and rows. */
const SIZES = {
  total: { w: 4, h: 4 },
  number: { w: 8, h: 7 },
  states: { w: 20, h: 4 },
  ranking: { w: 8, h: 7 },
  lines: { w: 8, h: 7 },
  bars: { w: 8, h: 7 },
};

const TYPES = {
  total: 'stat',
  number: 'stat',
  states: 'state-timeline',
  ranking: 'bargauge',
  lines: 'timeseries',
  bars: 'timeseries',
};

/** Panels that show one moment instead of a course. */
const ONE_MOMENT = ['total', 'number', 'ranking'];

/**
 * The dashboard in the JSON of Grafana.
 *
 * @param {Metrics} metrics
 */
export function dashboard(metrics) {
  return {
    uid: 'boundary-log-proxy',
    title: 'boundary-log-proxy',
    description: "Whether boundary's audit logs arrive, and where they are lost. Made by `npm run grafana`.",
    tags: ['boundary', 'audit', 'prometheus'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    time: { from: 'now-6h', to: 'now' },
    refresh: '1m',
    links: [],
    annotations: { list: [restarts(metrics)] },
    templating: { list: variables(metrics) },
    panels: layOut(metrics),
  };
}

/** @param {Metrics} metrics */
function restarts(metrics) {
  return {
    name: 'Restarts',
    datasource: DATASOURCE,
    enable: true,
    iconColor: 'blue',
    expr: metrics.expand('changes(process_start_time_seconds[$__rate_interval]) > 0', CHOSEN),
    titleFormat: 'Restart of {{instance}}',
    step: '1m',
  };
}

/** @param {Metrics} metrics */
function variables(metrics) {
  /** @param {string} name @param {string} label @param {string} matchers */
  const valuesOf = (name, label, matchers) => {
    const query = `label_values(${metrics.expand('build_info', matchers)}, ${name})`;
    return {
      type: 'query',
      name,
      label,
      datasource: DATASOURCE,
      query: { query, refId: name },
      definition: query,
      // When the time range changes: proxies come and go.
      refresh: 2,
      sort: 1,
      multi: true,
      includeAll: true,
      allValue: '.+',
      current: { text: 'All', value: '$__all' },
    };
  };
  return [
    { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' },
    valuesOf('job', 'Job', ''),
    valuesOf('instance', 'Instance', 'job=~"$job"'),
  ];
}

/** @param {Metrics} metrics */
function layOut(metrics) {
  /** @type {object[]} */
  const panels = [];
  let y = 0;
  for (const [title, rows] of SECTIONS) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { h: 1, w: COLUMNS, x: 0, y },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of rows) {
      const { w, h } = SIZES[panel.shows];
      if (x + w > COLUMNS || (x > 0 && h !== height)) {
        y += height;
        x = 0;
      }
      panels.push({ id: panels.length + 1, gridPos: { h, w, x, y }, ...panelOf(panel, metrics) });
      x += w;
      height = h;
    }
    y += height;
  }
  return panels;
}

/** @param {Panel} panel @param {Metrics} metrics */
function panelOf({ title, says, shows, unit, queries, max, limit, words }, metrics) {
  const shown = new Set(queries.flatMap(([expression]) => metrics.in(expression)));
  const help = [...shown].map(({ name, help }) => `- \`${name}\`: ${help}`).join('\n');
  const isOneMoment = ONE_MOMENT.includes(shows);
  const reds = shows === 'total' ? [{ color: 'red', value: 1e-6 }] : [];
  const steps = [
    { color: 'green', value: null },
    ...(limit === undefined ? reds : [{ color: 'red', value: limit }]),
  ];
  return {
    type: TYPES[shows],
    title,
    description: `${says}\n\n${help}`,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max === undefined ? {} : { max }),
        ...(shows === 'total' && unit === 'short' ? { decimals: 0 } : {}),
        color: { mode: shows === 'total' || words !== undefined ? 'thresholds' : 'palette-classic' },
        thresholds: { mode: 'absolute', steps },
        mappings: words === undefined ? [] : [mappingOf(words)],
        custom: customOf(shows, limit),
      },
      overrides: [],
    },
    options: optionsOf(shows),
    targets: queries.map(([expression, legendFormat], i) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + i),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr: metrics.expand(expression, CHOSEN),
      legendFormat,
      instant: isOneMoment,
      range: !isOneMoment,
    })),
  };
}

/** @param {NonNullable<Panel['words']>} words */
function mappingOf(words) {
  const options = Object.entries(words).map(([value, [text, color]], index) => [
    value,
    { text, color, index },
  ]);
  return { type: 'value', options: Object.fromEntries(options) };
}

/** @param {Panel['shows']} shows @param {number | undefined} limit */
function customOf(shows, limit) {
  if (shows === 'states') return { fillOpacity: 70, lineWidth: 0 };
  if (shows === 'bars')
    return { drawStyle: 'bars', fillOpacity: 60, stacking: { mode: 'normal', group: 'A' } };
  if (shows === 'lines') {
    const thresholdsStyle = { mode: limit === undefined ? 'off' : 'line' };
    return { drawStyle: 'line', fillOpacity: 10, showPoints: 'never', thresholdsStyle };
  }
  return {};
}

/** @param {Panel['shows']} shows */
function optionsOf(shows) {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false };
  switch (shows) {
    case 'total':
      return {
        reduceOptions,
        colorMode: 'background',
        graphMode: 'none',
        textMode: 'auto',
        justifyMode: 'auto',
      };
    case 'number':
      return { reduceOptions, colorMode: 'value', graphMode: 'none', textMode: 'value_and_name' };
    case 'ranking':
      return { reduceOptions, orientation: 'horizontal', displayMode: 'basic', showUnfilled: true };
    case 'states':
      return {
        showValue: 'auto',
        mergeValues: true,
        rowHeight: 0.9,
        legend: legendOf(false),
        tooltip: { mode: 'single', sort: 'none' },
      };
    default:
      return { legend: legendOf(true), tooltip: { mode: 'multi', sort: 'desc' } };
  }
}

/** @param {boolean} showLegend */
function legendOf(showLegend) {
  return { displayMode: 'list', placement: 'bottom', showLegend, calcs: [] };
}
