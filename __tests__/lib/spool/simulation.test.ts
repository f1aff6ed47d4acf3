import { expect, test } from '@jest/globals';
import { seed } from '../../helpers/seed.js';
import { simulateBuffer } from '../../helpers/spool-buffer-simulation.js';
import { simulate } from '../../helpers/spool-simulation.js';

/** How many seeds are tried. `SIMULATIONS=100000` tries more of them. */
const SIMULATIONS = Number(process.env.SIMULATIONS ?? 2000);

test(`a queue on a disk that fails loses nothing in silence (${SIMULATIONS} seeds from ${seed})`, async () => {
  const failed: string[] = [];
  for (let i = 0; i < SIMULATIONS && failed.length < 5; i++) {
    await simulate(seed + i).catch((error) => failed.push(error.message));
  }
  expect(failed).toEqual([]);
}, 3_600_000);

/** The same seeds drive the whole stream, a quarter of them: it takes turns of the event loop, which are slower. */
const STREAMS = Math.ceil(SIMULATIONS / 4);

test(`a SpoolBuffer on such a disk loses nothing in silence either (${STREAMS} seeds from ${seed})`, async () => {
  const failed: string[] = [];
  for (let i = 0; i < STREAMS && failed.length < 5; i++) {
    await simulateBuffer(seed + i).catch((error) => failed.push(error.message));
  }
  expect(failed).toEqual([]);
}, 3_600_000);

test(`two that share a folder lose nothing either, and mix up nothing (${STREAMS} seeds from ${seed})`, async () => {
  const failed: string[] = [];
  for (let i = 0; i < STREAMS && failed.length < 5; i++) {
    await simulateBuffer(seed + i, ['a', 'b']).catch((error) => failed.push(error.message));
  }
  expect(failed).toEqual([]);
}, 3_600_000);
