import { milliseconds } from '../options.js';

/** The options of everything that reconnects for ever: how long it waits between attempts. */
export const RECONNECT_OPTIONS = {
  reconnectInitialDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 1000,
    doc: 'Longest delay before the first attempt to reconnect, in ms; each delay is random, and its longest value doubles',
  },
  reconnectMaxDelayMs: {
    ...milliseconds({ min: 0 }),
    default: 10_000,
    doc: 'Upper limit of the longest delay, in ms',
  },
} as const;
