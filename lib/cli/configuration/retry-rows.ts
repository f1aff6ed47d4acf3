import { FORWARDER_OPTIONS } from '../../forwarding/forwarder-options.js';
import { RETRY_OPTIONS } from '../../forwarding/retry-options.js';
import { decimal, seconds, timeLimit, toggle, whole, wholeOrOff } from './kinds.js';
import { CODER, NO_SPOOL, NOT_STDOUT, RETRY, SERVER } from './needs.js';
import { helpOf, type Table } from './row.js';

/** A day. Whoever wants to wait longer wants no limit. */
const MAX_SECONDS = 86_400;
const UP_TO_A_DAY = { min: 0, max: MAX_SECONDS * 1000 };

/** When and how often a batch is attempted. */
export const RETRY_ROWS = {
  retry: {
    kind: toggle,
    default: true,
    doc: 'drop a batch when the reporter fails, instead of retrying',
    keyDoc: 'whether to retry a batch when the reporter fails, instead of dropping it',
  },
  retryInitialDelay: {
    kind: seconds(UP_TO_A_DAY),
    takes: 'seconds',
    default: RETRY_OPTIONS.initialDelayMs.default / 1000,
    doc: 'longest delay before the first retry; each delay is random',
    needs: [RETRY],
  },
  retryFactor: {
    kind: decimal(RETRY_OPTIONS.factor, { minimum: 1 }),
    takes: 'factor',
    default: RETRY_OPTIONS.factor.default,
    doc: helpOf(RETRY_OPTIONS.factor),
    needs: [RETRY],
  },
  retryMaxDelay: {
    kind: seconds(UP_TO_A_DAY),
    takes: 'seconds',
    default: RETRY_OPTIONS.maxDelayMs.default / 1000,
    doc: 'upper limit of the longest delay',
    needs: [RETRY],
  },
  retryAttempts: {
    kind: wholeOrOff(RETRY_OPTIONS.maxAttempts),
    takes: 'n',
    default: RETRY_OPTIONS.maxAttempts.default,
    shownDefault: 'off',
    doc: 'how many times a batch is attempted before it is dropped, or off; not with a spool, which keeps it',
    needs: [RETRY, NO_SPOOL],
  },
  retryElapsed: {
    kind: timeLimit,
    takes: 'seconds',
    shownDefault: '300; with the reporters coder, otlp and nats off',
    doc: 'how many seconds a batch is retried before it is dropped, or off; not with a spool, which keeps it',
    needs: [RETRY, NO_SPOOL],
  },
  maxRetryAfter: {
    kind: seconds(UP_TO_A_DAY),
    takes: 'seconds',
    default: RETRY_OPTIONS.maxRetryAfterMs.default / 1000,
    doc: 'longest delay that a server may ask for, as with Retry-After',
    needs: [RETRY, SERVER],
  },
  reportTimeout: {
    kind: timeLimit,
    takes: 'seconds',
    default: RETRY_OPTIONS.timeoutMs.default / 1000,
    doc: 'how many seconds one attempt may take, or off; not with the reporter stdout',
    needs: [RETRY, NOT_STDOUT],
  },
  reportMaxTimeout: {
    kind: whole({ min: 1, max: MAX_SECONDS }),
    takes: 'seconds',
    default: RETRY_OPTIONS.maxTimeoutMs.default / 1000,
    doc: 'upper limit of --report-timeout, which doubles after each attempt that took too long',
    needs: [RETRY, NOT_STDOUT],
  },
  linger: {
    kind: whole({ min: 0, max: 60_000 }),
    takes: 'ms',
    default: FORWARDER_OPTIONS.lingerMs.default,
    doc: 'how many milliseconds a report waits for more batches; with the reporter coder, which combines them',
    needs: [CODER],
  },
} as const satisfies Table;
