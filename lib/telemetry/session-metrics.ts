import type { MetricsSource } from './metrics-source.js';

const PREFIX = 'agent_boundary_log_proxy_';

const NOBODY = { sender: 0, proxy: 0, reporter: 0, unexplained: 0 };

/** The metrics of the sessions. All are 0 without the option `sessions`. */
export const SESSION_METRICS = [
  {
    name: `${PREFIX}sessions_open`,
    type: 'gauge',
    help: 'Sessions that have not ended.',
    values: ({ sessions }: MetricsSource) => sessions?.size ?? 0,
  },
  {
    name: `${PREFIX}sessions_total`,
    type: 'counter',
    help: 'Sessions that have begun.',
    values: ({ sessions }: MetricsSource) => sessions?.totals.sessions ?? 0,
  },
  {
    name: `${PREFIX}events_missing_total`,
    type: 'counter',
    help: 'Missing events of sessions that have ended, by who lost them.',
    label: 'lost_by',
    values: ({ sessions }: MetricsSource) => sessions?.totals.missing ?? NOBODY,
  },
  {
    name: `${PREFIX}events_duplicated_total`,
    type: 'counter',
    help: 'Events whose number had already arrived in their session.',
    values: ({ sessions }: MetricsSource) => sessions?.totals.duplicated ?? 0,
  },
  {
    name: `${PREFIX}events_without_session_total`,
    type: 'counter',
    help: 'Events without a session, for which nobody can tell whether any are missing.',
    values: ({ sessions }: MetricsSource) => sessions?.totals.withoutSession ?? 0,
  },
] as const;
