import type { Reporter } from '../forwarding/reporter.js';

/** Accepts every batch and discards it. For measurements. */
export const nullReporter: Reporter<unknown> = { report() {} };
