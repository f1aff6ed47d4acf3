// Compares this build with another one, in interleaved pairs of runs: `npm run bench -- --against DIR`. Other work on the
// machine affects both runs of a pair, so the ratios of the pairs say more than two figures.
import { median, medianInterval } from './statistics.js';

/**
 * @typedef {object} Comparison
 * @property {string} row
 * @property {string} unit
 * @property {number} here The median of this build.
 * @property {number} there The median of the other one.
 * @property {number} ratio The median of the pairs' ratios: this build divided by the other one.
 * @property {[number, number]} interval The 95 % confidence interval of this median.
 * @property {number[]} ratios
 */

/**
 * @param {readonly import('./measure.js').Row[]} rows Rows that do not measure a build in its own process are left out.
 * @param {import('./measure.js').Settings} settings `root` is the checkout of the other build.
 * @param {number} pairs
 * @returns {Promise<Comparison[]>}
 */
export async function compare(rows, { root, ...settings }, pairs) {
  /** @type {Map<import('./measure.js').Measure, { here: Record<string, number>, there: Record<string, number> }[]>} */
  const measured = new Map();
  const compared = rows.filter(({ of }) => of.isBuild);
  for (const { of } of compared) measured.set(of, []);
  for (let pair = 0; pair < (settings.smoke ? 1 : pairs); pair++) {
    for (const [measure, results] of measured) {
      // The builds take turns in running first.
      const isHereFirst = pair % 2 === 0;
      const first = await measure.run(isHereFirst ? settings : { ...settings, root });
      const second = await measure.run(isHereFirst ? { ...settings, root } : settings);
      results.push(isHereFirst ? { here: first, there: second } : { here: second, there: first });
    }
  }
  return compared.map(({ name, unit, of, figure }) => {
    const results = measured.get(of) ?? [];
    const here = results.map((result) => result.here[figure] ?? Number.NaN);
    const there = results.map((result) => result.there[figure] ?? Number.NaN);
    const ratios = here.map((value, i) => value / (there[i] ?? Number.NaN));
    return {
      row: name,
      unit,
      here: median(here),
      there: median(there),
      ratio: median(ratios),
      interval: medianInterval(ratios),
      ratios,
    };
  });
}

/**
 * @param {string} title
 * @param {readonly Comparison[]} comparisons
 */
export function pairTable(title, comparisons) {
  const lines = [
    ['row', 'unit', 'here', 'there', 'ratio', '95 %'],
    ...comparisons.map(({ row, unit, here, there, ratio, interval }) => [
      row,
      unit,
      here.toPrecision(3),
      there.toPrecision(3),
      `${ratio.toFixed(3)} ×`,
      interval.map((bound) => bound.toFixed(3)).join('–'),
    ]),
  ];
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  return [
    title,
    ...lines.map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    '',
  ].join('\n');
}
