import TestSequencer from '@jest/test-sequencer';

/**
 * The files that take longest. Jest knows how long each file took the last time. On a new machine it begins with the
 * largest files instead, and one of these could run at the end, alone.
 */
const LONG = /\/(bench|fuzz|installation|matrix|new-field|package|spool\/simulation|console\/.*)\.test\.ts$/;

/** Begins with the files that take longest. */
export default class Sequencer extends TestSequencer {
  /** @type {TestSequencer['sort']} */
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isLong = sorted.map(({ path }) => LONG.test(path));
    return [...sorted.filter((_, i) => isLong[i]), ...sorted.filter((_, i) => !isLong[i])];
  }
}
