// How long the batches of 100 quiet senders wait beside 50 loud ones.
import { fairness as measureOf } from '../fairness.js';
import { LOUD } from '../loud.js';

const alone = measureOf(undefined);

/** @type {import('../measure.js').Group} */
export const fairness = {
  title: 'The worst wait of 100 quiet senders beside 50 loud ones',
  runs: 5,
  rows: Object.keys(LOUD).map((kind) => ({
    name: `fairness, ${kind}`,
    unit: 'ms at most',
    figure: 'worst',
    of: measureOf(kind),
    baseline: alone,
  })),
};
