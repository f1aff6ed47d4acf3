import type { MetricsSource } from './metrics-source.js';

/** Whether a capture is complete can be seen in its last record, but only when it is over. */
export const RECORD_MISSING = {
  name: 'agent_boundary_log_proxy_record_missing_bytes_total',
  type: 'counter',
  help: 'Bytes of senders that were to be recorded, and are missing in the capture.',
  values: (source: MetricsSource) => source.connections.unrecorded,
} as const;
