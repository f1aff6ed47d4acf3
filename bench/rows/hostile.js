// The most expensive frames that searches have found, through the line of streams of a connection, in this process. See
// `npm run search`.
import { chunksOf, Line, PATHS } from '../hostile/line.js';
import { frameOf } from '../hostile/recipe.js';
import { WORST } from '../hostile/worst.js';
import { WORST_URLS } from '../hostile/worst-urls.js';
import { framesOf } from '../load.js';

/** Bytes of frames in a full run. */
const BYTES = 1 << 20;
/** Runs of which the fastest counts, because other work on the machine can only slow one down. */
const TIMES = 5;

/**
 * @param {string} name
 * @param {import('../hostile/line.js').Path} path
 * @param {() => readonly Buffer[]} makeFrames
 * @returns {import('../measure.js').Measure}
 */
function processing(name, path, makeFrames) {
  return {
    name,
    async run({ smoke }) {
      const line = new Line(path);
      const load = chunksOf(makeFrames(), smoke ? BYTES / 100 : BYTES);
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < (smoke ? 1 : TIMES); i++) least = Math.min(least, await line.process(load.chunks));
      line.end();
      return { frame: (least / load.frames) * 1e6, bytes: (least / (load.bytes / 1024)) * 1e6 };
    },
  };
}

const rows = PATHS.flatMap((path) => {
  const recipes = path === 'null' || path === 'json' ? WORST : WORST_URLS;
  const ordinary = processing('10 logs', path, () => framesOf(10));
  const oneLog = processing('1 log', path, () => framesOf(1));
  return recipes.map(({ name, recipe }) => {
    const isSmall = name.startsWith('small: ');
    const full = `hostile frames, ${path}, ${name}`;
    const of = processing(full, path, () => [frameOf(recipe)]);
    return isSmall
      ? { name: full, unit: 'CPU µs / frame', figure: 'frame', of, baseline: oneLog }
      : { name: full, unit: 'CPU µs / KiB', figure: 'bytes', of, baseline: ordinary };
  });
});

/** Most that a frame may cost: times the same bytes of ordinary frames, or if it is small, times a frame of one log. */
const MOST = { bytes: 20, frame: 2 };

/** The goals of the rows. @type {Record<string, { ratio: number }>} */
export const HOSTILE_GOALS = Object.fromEntries(
  rows.map(({ name, figure }) => [name, { ratio: figure === 'frame' ? MOST.frame : MOST.bytes }]),
);

/** @type {import('../measure.js').Group} */
export const hostile = {
  title: 'Hostile frames, from bytes to the reporter',
  runs: 5,
  rows,
};
