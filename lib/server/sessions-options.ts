import { callable, milliseconds, type OptionTable, orInfinity, wholeNumber } from '../options.js';
import type { SessionReport } from '../sessions/session-report.js';

/** Options of {@link BoundaryLogProxyOptions.sessions}. */
export interface SessionsOptions {
  /** How long a session may be silent, in ms, before the proxy ends it. Default: `600000`. */
  idle?: number | undefined;
  /** How many sessions may be open. For a new one, the proxy ends the one that was idle for longest. Default: `10000`. */
  maxSessions?: number | undefined;
  /** Called with the last report of each session. Default: none. */
  onEnd?: ((report: SessionReport) => void) | undefined;
}

export const SESSIONS_OPTIONS = {
  idle: {
    ...orInfinity(milliseconds({ min: 1 })),
    default: 600_000,
    doc: 'How long a session may be silent, in ms, before the proxy ends it',
  },
  maxSessions: {
    ...wholeNumber({ min: 1 }),
    default: 10_000,
    doc: 'How many sessions may be open',
  },
  onEnd: { ...callable, defaultDoc: 'none', doc: 'Called with the last report of each session' },
} satisfies OptionTable<SessionsOptions>;
