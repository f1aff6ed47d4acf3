import { afterEach, expect, jest, test } from '@jest/globals';
import { ReporterState } from '../../../lib/telemetry/reporter-state.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** Stops both clocks, and returns a function that sets them, in ms. */
function clocks(): (process: number, world: number) => void {
  const now = jest.spyOn(performance, 'now');
  const date = jest.spyOn(Date, 'now');
  return (process, world) => {
    now.mockReturnValue(process);
    date.mockReturnValue(world);
  };
}

test('before the first run the reporter is up, and has accepted nothing', () => {
  const state = new ReporterState();
  expect([state.isUp, state.lastSuccess()]).toEqual([true, 0]);
});

test('it is down while the forwarder says so, and the next run starts anew', () => {
  const state = new ReporterState();
  const run = { isFailing: false, lastSuccessAt: undefined };
  state.watch(run);
  const seen = [state.isUp];
  run.isFailing = true;
  seen.push(state.isUp);
  state.watch({ isFailing: false, lastSuccessAt: undefined });
  expect([...seen, state.isUp]).toEqual([true, false, true]);
});

test('the last success has the time of the world at which it happened', () => {
  const setClocks = clocks();
  const state = new ReporterState();
  setClocks(5_000, 1_700_000_005_000);
  state.watch({ isFailing: false, lastSuccessAt: 3_000 });
  expect(state.lastSuccess()).toBe(1_700_000_003);
  // The clock of the world was set back meanwhile.
  setClocks(9_000, 1_600_000_000_000);
  expect(state.lastSuccess()).toBe(1_700_000_003);
});

test('a run that ends does not lose its last success', () => {
  const setClocks = clocks();
  const state = new ReporterState();
  setClocks(5_000, 1_700_000_005_000);
  state.watch({ isFailing: false, lastSuccessAt: 4_000 });
  state.watch({ isFailing: true, lastSuccessAt: undefined });
  expect(state.lastSuccess()).toBe(1_700_000_004);
});
