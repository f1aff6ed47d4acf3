import timers from 'node:timers/promises';

/*
 * Waiting that a fake clock does not stop. The clocks of Jest, Vitest, Sinon and node:test replace timers and
 * setImmediate(), so that a program's time stands still until its test moves it. A delay that a user can set follows such
 * a clock. What is here does not: it is about the work of this turn of the event loop, and about other processes.
 */

/** Resolves in the next turn of the event loop, after the sockets that have data were read, as setImmediate() does. */
export function nextTurn(): Promise<void> {
  // setImmediate() of this module would be replaced, too. What yield() calls is inside of Node.
  return timers.scheduler.yield();
}

/** Resolves after so many ms. It is the real timer if the package was loaded before a fake clock was installed. */
export const realSleep = timers.setTimeout;
