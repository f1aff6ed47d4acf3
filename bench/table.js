// Results for people: one aligned table per group.

const HEAD = ['row', 'unit', 'median', 'min–max', 'baseline', 'ratio', 'goal'];
/** Columns that contain words. All others contain numbers. */
const LEFT = ['row', 'unit', 'baseline', 'goal'];

/**
 * @param {string} title
 * @param {import('./measure.js').Result[]} results
 */
export function table(title, results) {
  const lines = [HEAD, ...results.map(cells)];
  const widths = HEAD.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  const aligned = lines.map((line) =>
    line
      .map((cell, i) =>
        LEFT.includes(HEAD[i] ?? '') ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [title, ...aligned, ''].join('\n');
}

/** @param {import('./measure.js').Result} result */
function cells({ row, unit, median, min, max, baseline, ratio, goal, met }) {
  const aim = goal?.figure ?? (goal?.ratio === undefined ? '' : `${goal.ratio} ×`);
  return [
    row,
    unit,
    short(median),
    `${short(min)}–${short(max)}`,
    baseline === null ? '' : `${short(baseline.median)} ${baseline.name}`,
    ratio === null ? '' : `${short(ratio)} ×`,
    goal === null ? '' : `≤ ${aim} ${met ? 'met' : 'not met'}`,
  ];
}

/** Three significant digits. @param {number} value */
function short(value) {
  if (!Number.isFinite(value)) return '?';
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
