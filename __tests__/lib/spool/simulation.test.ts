import { expect, test } from '@jest/globals';
import { seed } from '../../helpers/seed.js';
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
