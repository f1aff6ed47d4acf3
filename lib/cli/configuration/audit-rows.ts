import { SESSIONS_OPTIONS } from '../../server/sessions-options.js';
import { timeLimit, toggle } from './kinds.js';
import { AUDIT, NO_SOURCE } from './needs.js';
import type { Table } from './row.js';

/** Whether and how missing events are looked for. */
export const AUDIT_ROWS = {
  audit: {
    kind: toggle,
    default: true,
    doc: 'do not find out which events of each session are missing, and who lost them',
    keyDoc: 'whether to find out which events of each session are missing, and who lost them',
    needs: [NO_SOURCE],
  },
  sessionIdle: {
    kind: timeLimit,
    takes: 'seconds',
    default: SESSIONS_OPTIONS.idle.default / 1000,
    doc: 'how many seconds a session may be silent before it ends, or off',
    needs: [AUDIT, NO_SOURCE],
  },
} as const satisfies Table;
