import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a condition holds. After the deadline it throws an error with the name of the condition. */
export async function until(what: string, isSo: () => unknown, deadlineMs = 10_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so within ${deadlineMs} ms: ${what}`);
    await sleep(2);
  }
}
