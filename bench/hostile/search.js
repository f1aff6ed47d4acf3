// npm run search -- [--minutes 10] [--path null|json|redacted|pattern] [--seed N]
//
// Searches for the most expensive frame: random recipes, mutations of the worst ones, guided by the CPU that they cost in
// this process. Prints the worst ones as entries of worst.js.
import { parseArgs } from 'node:util';
import { framesOf } from '../load.js';
import { median } from '../statistics.js';
import { chunksOf, Line, PATHS } from './line.js';
import { frameOf } from './recipe.js';
import { TEXTS } from './texts.js';
import { WORST } from './worst.js';
import { WORST_URLS } from './worst-urls.js';

/** @typedef {import('./recipe.js').Recipe} Recipe */
/** @typedef {{ recipe: Recipe, score: number, bytes: number, perFrame: number }} Found */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    path: { type: 'string', default: 'null' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const path = /** @type {import('./line.js').Path} */ (values.path);
if (!PATHS.includes(path)) throw new Error(`--path: expected one of ${PATHS.join(', ')}`);
const redacts = path === 'redacted' || path === 'pattern';

/** What a frame may cost: so many times the same bytes of ordinary frames, or as a small one of a one-log frame. */
export const MOST = { bytes: 20, frame: 2 };
/** Bytes of a measurement in the search, and of the last one. */
const QUICK = 1 << 17;
const THOROUGH = 1 << 20;
const KEPT = 40;

/** Pieces of messages that lead somewhere: keys of all fields and types, groups, overlong varints, escapes. */
const SNIPPETS = [
  ...[
    '',
    '00',
    '01',
    '7f',
    '80',
    'ff',
    '0a00',
    '0a020801',
    '0a021200',
    '0a021a00',
    '0a041a020a00',
    '1200',
    '1a00',
  ],
  ...[
    '0a',
    '12',
    '1a',
    '20',
    '08',
    '0801',
    '1001',
    '12020801',
    '0a0208ff',
    '0b0c',
    '0b',
    '0c',
    '800100',
    '80808000',
  ],
  ...[
    '80808080808080808000',
    'ffffffffffffffffff01',
    '8a8080808000',
    '4200',
    '4d00000000',
    '490000000000000000',
  ],
  ...[
    '0a0b20ffffffffffffffffff01',
    '0a0d120b08ffffffffffffffffff01',
    '1201ff',
    '120101',
    '1202c3bc',
    '1203e280a8',
  ],
  ...[
    '1204f09f9880',
    'c3bc',
    'e280a8',
    'f09f9880',
    '01',
    '22',
    '5c',
    '1240',
    '1a40',
    'f8ffffff0f00',
    '0a03800100',
  ],
  ...[
    '0a04120208ff',
    '0a081206088080808010',
    '0a0612040880f068',
    '0a041a021200',
    '0a051a03120101',
    '0a051a030a0101',
  ],
];

if (redacts) SNIPPETS.push(...TEXTS);

let state = Number(values.seed);
/** A number from 0 to 1 (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (/** @type {number} */ n) => Math.floor(random() * n);
/** @template T @param {readonly T[]} list @returns {T} */
const pick = (list) => /** @type {T} */ (list[below(list.length)]);
const snippets = (/** @type {number} */ most) =>
  Array.from({ length: below(most + 1) }, () => pick(SNIPPETS)).join('');

/** The keys of the fields that contain a URL. */
const IN_URL = [0x0a, 0x1a, 0x12];
const LENGTHS = [0, 4, 16, 64, 256, 1024, 4096, 16_384, 32_768, 32_768, 32_768];

/** @returns {Recipe} */
function randomRecipe() {
  return {
    tag: 1 + below(2),
    prefix: snippets(2),
    unit: snippets(3),
    suffix: snippets(1),
    length: pick(LENGTHS),
    inside:
      redacts && random() < 0.5 ? IN_URL : Array.from({ length: below(4) }, () => pick([0x0a, 0x12, 0x1a])),
  };
}

/** @param {string} hex */
function changed(hex) {
  const at = 2 * below(hex.length / 2 + 1);
  switch (below(5)) {
    case 0:
      return hex.slice(0, at) + below(256).toString(16).padStart(2, '0') + hex.slice(at + 2);
    case 1:
      return hex.slice(0, at) + hex.slice(at + 2);
    case 2:
      return hex.slice(0, at) + pick(SNIPPETS) + hex.slice(at);
    case 3:
      return hex.length > 200 ? hex.slice(0, 100) : hex + hex;
    default:
      return pick(SNIPPETS);
  }
}

/** @param {Recipe} recipe @returns {Recipe} */
function mutated(recipe) {
  const next = { ...recipe };
  for (let changes = 1 + below(3); changes > 0; changes--) {
    switch (below(8)) {
      case 0:
        next.prefix = changed(next.prefix);
        break;
      case 1:
      case 2:
      case 3:
        next.unit = changed(next.unit);
        break;
      case 4:
        next.suffix = changed(next.suffix);
        break;
      case 5:
        next.length = pick(LENGTHS);
        break;
      case 6:
        next.inside =
          below(2) === 0 ? next.inside.slice(1) : [pick([0x0a, 0x12, 0x1a]), ...next.inside].slice(0, 5);
        break;
      default:
        next.tag = 3 - next.tag;
    }
  }
  return next;
}

/**
 * The CPU of one frame among many equal ones, in seconds: the least of several runs, because other work on the machine
 * can only add to it.
 *
 * @param {readonly Buffer[]} frames @param {number} bytes @param {number} runs
 */
async function costOf(frames, bytes, runs) {
  const line = new Line(path);
  const load = chunksOf(frames, bytes);
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++)
    least = Math.min(least, (await line.process(load.chunks)) / load.frames);
  line.end();
  return least;
}

const ordinary = framesOf(10);
const ordinaryLength = ordinary.reduce((sum, frame) => sum + frame.length, 0) / ordinary.length;
const oneLog = framesOf(1);

/** What frames may cost, measured again from time to time. */
async function measureLimits() {
  const perByte = (await costOf(ordinary, THOROUGH, 9)) / ordinaryLength;
  return { perByte, perFrame: await costOf(oneLog, THOROUGH, 9) };
}

/** @param {Recipe} recipe @param {number} bytes @param {number} runs @returns {Promise<Found>} */
async function measure(recipe, bytes, runs) {
  const frame = frameOf(recipe);
  const cost = await costOf([frame], bytes, runs);
  const ofBytes = cost / (limits.perByte * frame.length);
  const ofFrame = cost / limits.perFrame;
  return {
    recipe,
    bytes: ofBytes,
    perFrame: ofFrame,
    score: Math.min(ofBytes / MOST.bytes, ofFrame / MOST.frame),
  };
}

let limits = await measureLimits();
limits = await measureLimits();
const started = performance.now();
const end = started + Number(values.minutes) * 60_000;
/** @type {Found[]} */
let worst = [];
for (const { recipe } of redacts ? [...WORST, ...WORST_URLS] : WORST)
  worst.push(await measure(recipe, QUICK, 5));
let tried = 0;
let said = 0;
while (performance.now() < end) {
  const parent = worst.length === 0 || random() < 0.2 ? undefined : pick(worst);
  const recipe = parent === undefined ? randomRecipe() : mutated(parent.recipe);
  tried += 1;
  const least = worst.length < KEPT ? 0 : /** @type {Found} */ (worst.at(-1)).score;
  const first = await measure(recipe, QUICK, 1);
  if (first.score <= least) continue;
  const found = await measure(recipe, QUICK, 5);
  if (found.score <= least) continue;
  // Of frames that cost the same and are of the same length, one is enough.
  const twin = worst.find(
    ({ recipe: other, score }) => other.length === recipe.length && Math.abs(score / found.score - 1) < 0.01,
  );
  if (twin !== undefined) worst = worst.filter((other) => other !== twin);
  worst.push(found);
  worst.sort((a, b) => b.score - a.score);
  worst = worst.slice(0, KEPT);
  if (performance.now() - said > 30_000) {
    said = performance.now();
    const [top] = worst;
    console.log(
      `${Math.round((said - started) / 1000)} s: ${tried} tried, the worst: ${describe(/** @type {Found} */ (top))}`,
    );
    limits = await measureLimits();
  }
}

/** @param {Found} found */
function describe({ recipe, bytes, perFrame }) {
  return `${bytes.toFixed(1)} × the bytes, ${perFrame.toFixed(1)} × a one-log frame: ${JSON.stringify(recipe)}`;
}

console.log(
  `\n${tried} frames tried, seed ${values.seed}, path ${path}. The worst, measured in turns with ordinary ones:`,
);
/** @type {Found[]} */
const last = [];
for (const { recipe } of worst.slice(0, 12)) {
  /** @type {Found[]} */
  const runs = [];
  for (let run = 0; run < 5; run++) {
    limits = await measureLimits();
    runs.push(await measure(recipe, THOROUGH, 3));
  }
  const mid = (/** @type {'bytes' | 'perFrame' | 'score'} */ figure) =>
    median(runs.map((run) => run[figure]));
  last.push({ recipe, bytes: mid('bytes'), perFrame: mid('perFrame'), score: mid('score') });
}
last.sort((a, b) => b.score - a.score);
for (const found of last) console.log(describe(found));
const [top] = last;
console.log(top !== undefined && top.score <= 1 ? 'within the bounds' : 'BEYOND THE BOUNDS');
process.exit(0);
