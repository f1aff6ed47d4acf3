import { HOST_GLOB, SESSION_START, VIEW_HELP } from '../view.js';
import { oneOf, text, toggle } from './kinds.js';
import type { Table } from './row.js';

/** What of the events is shown, and how. `checkFilters` says where a filter is accepted. */
export const VIEW_ROWS = {
  wide: { kind: toggle, default: false, doc: VIEW_HELP.wide },
  utc: { kind: toggle, default: false, doc: VIEW_HELP.utc },
  only: { kind: oneOf('allow', 'deny'), takes: 'decision', doc: VIEW_HELP.only },
  host: { kind: text(HOST_GLOB), takes: 'glob', doc: VIEW_HELP.host },
  session: { kind: text(SESSION_START), takes: 'id', doc: VIEW_HELP.session },
} as const satisfies Table;
