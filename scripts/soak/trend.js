// How the figures of a long run develop, and whether that is acceptable.

/**
 * What may not grow, and by how much per hour:
 *
 * - heap, after a garbage collection: about 100 connections and 1,000 batches come per second, so 12 MB per hour is 35
 *   bytes per connection. A leak of one object per connection is larger than that.
 * - RSS, which also contains what the allocator keeps, and moves in steps of megabytes.
 * - descriptors, without those of the open connections: one that is left behind every five minutes.
 * - the mean delay of the event loop, which other work on the machine moves by milliseconds. A list that only grows, and
 *   is searched, moves it further.
 */
export const BOUNDS = { heapMB: 12, rssMB: 48, descriptors: 12, delayMs: 60 };

/** @typedef {keyof typeof BOUNDS} Figure */
/** @typedef {{ seconds: number } & Record<Figure, number>} Sample */

/**
 * The slope of a line through points, by least squares. It is 0 if all points have the same x.
 *
 * @param {readonly (readonly [x: number, y: number])[]} points
 */
export function slope(points) {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const below = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return below === 0 ? 0 : above / below;
}

/**
 * How each figure developed in the second half of a run: the first half contains compilation and the growth of pools.
 *
 * @param {readonly Sample[]} samples
 */
export function trends(samples) {
  const half = (samples.at(-1)?.seconds ?? 0) / 2;
  const second = samples.filter(({ seconds }) => seconds >= half);
  return /** @type {Figure[]} */ (Object.keys(BOUNDS)).map((figure) => {
    const values = second.map((sample) => sample[figure]);
    const perHour = slope(second.map((sample) => [sample.seconds / 3600, sample[figure]]));
    return {
      figure,
      min: Math.min(...values),
      max: Math.max(...values),
      perHour,
      bound: BOUNDS[figure],
      isMet: perHour <= BOUNDS[figure],
    };
  });
}
