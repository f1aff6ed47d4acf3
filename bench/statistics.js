// Statistics of a few runs.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * @param {readonly number[]} sorted In ascending order.
 * @param {number} part From 0 to 1.
 */
export function percentile(sorted, part) {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/**
 * A confidence interval of at least 95 % for the median. Its bounds are two of the sorted values, whose ranks follow from
 * a binomial distribution. With fewer than six values they are the smallest and the largest one.
 *
 * @param {readonly number[]} values
 * @returns {[number, number]}
 */
export function medianInterval(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  let rank = 0;
  // The probability that fewer than `rank + 1` values lie on one side of the median.
  let term = 0.5 ** n;
  for (let sum = term; 2 * sum <= 0.05; sum += term) {
    rank += 1;
    term *= (n - rank + 1) / rank;
  }
  rank = Math.max(rank - 1, 0);
  return [sorted[rank] ?? Number.NaN, sorted[n - 1 - rank] ?? Number.NaN];
}
