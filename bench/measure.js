// Runs the measures of a group in turns, and computes the figures of its rows.
import { GOALS } from './goals.js';
import { median } from './statistics.js';

/**
 * @typedef {object} Settings
 * @property {boolean} smoke Whether to run each measure only for a moment.
 * @property {number | undefined} [seconds] How long a run of a group that has no number of batches takes.
 * @property {string | undefined} [profile] Folder for CPU profiles of the targets.
 * @property {string | undefined} [reference] Another program with the same task as the proxy; see README.md.
 * @property {string | undefined} [root] The checkout whose build is measured. Default: this one.
 *
 * @typedef {object} Measure Runs several times. Each run produces one or several figures.
 * @property {string} name
 * @property {(settings: Settings) => Promise<Record<string, number>>} run
 * @property {boolean} [isBuild] Whether it measures a build of this project in a process of its own, so that it can be
 *   compared with another build.
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} unit
 * @property {Measure} of
 * @property {string} figure Name of the measure's figure that the row shows.
 * @property {Measure | undefined} [baseline] Measure whose figure of the same name is the baseline.
 * @property {true} [needsReference] Whether the row is skipped without a reference program.
 *
 * @typedef {object} Group
 * @property {string} title
 * @property {number} runs How many times each measure runs.
 * @property {Row[]} rows
 *
 * @typedef {object} Result
 * @property {string} row
 * @property {string} unit
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number[]} runs
 * @property {{ name: string, median: number } | null} baseline
 * @property {number | null} ratio The median divided by the baseline's median.
 * @property {{ figure?: number, ratio?: number } | null} goal
 * @property {boolean | null} met
 */

/**
 * @param {Group} group
 * @param {Settings} settings
 * @returns {Promise<Result[]>}
 */
export async function measure({ rows, runs }, settings) {
  /** @type {Map<Measure, Record<string, number>[]>} */
  const figures = new Map();
  for (const { of, baseline } of rows) {
    figures.set(of, []);
    if (baseline !== undefined) figures.set(baseline, []);
  }
  const times = settings.smoke || settings.profile !== undefined ? 1 : runs;
  // Measures take turns, so that other work on the machine affects all of them.
  for (let run = 0; run < times; run++) {
    for (const [measure, ofMeasure] of figures) ofMeasure.push(await measure.run(settings));
  }
  const valuesOf = (/** @type {Measure} */ measure, /** @type {string} */ figure) =>
    (figures.get(measure) ?? []).map((ofRun) => ofRun[figure] ?? Number.NaN);

  return rows.map(({ name, unit, of, figure, baseline }) => {
    const values = valuesOf(of, figure);
    const mid = median(values);
    const base = baseline === undefined ? null : median(valuesOf(baseline, figure));
    const ratio = base === null ? null : mid / base;
    const goal = GOALS[name] ?? null;
    return {
      row: name,
      unit,
      median: mid,
      min: Math.min(...values),
      max: Math.max(...values),
      runs: values,
      baseline: baseline === undefined || base === null ? null : { name: baseline.name, median: base },
      ratio,
      goal,
      met:
        goal &&
        (goal.figure === undefined || mid <= goal.figure) &&
        (goal.ratio === undefined || (ratio !== null && ratio <= goal.ratio)),
    };
  });
}
