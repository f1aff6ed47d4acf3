import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds.
 *
 * @param {string} what The name of the condition, for the error after the deadline.
 * @param {() => unknown} isSo
 */
export async function until(what, isSo, seconds = 60) {
  const deadline = performance.now() + seconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so within ${seconds} s: ${what}`);
    await sleep(10);
  }
}
