import type { Accounts } from './accounts.js';
import type { ForeignSource } from './foreign-code.js';
import type { RejectReason } from './reject-reasons.js';
import type { ReporterSource } from './reporter-metrics.js';

/** The state from which the metrics are read at each scrape. The metrics have no counters of their own. */
export interface MetricsSource {
  accounts(): Accounts;
  retries(): number;
  readonly buffer: {
    readonly held: { readonly bytes: number };
    readonly maxBatches: number;
    readonly maxBytes: number;
  };
  /** Set if the buffer is a spool. */
  readonly spool?:
    | { readonly missing: { batches: number; firstId: number; endId: number }; readonly failures: number }
    | undefined;
  readonly reporter: { readonly isUp: boolean; lastSuccess(): number };
  /** Set if batches come from a source and not from a socket. */
  readonly source?: { readonly isUp: boolean } | undefined;
  /** All reporters but the first one, which the properties above describe. Default: none. */
  readonly others?: readonly ReporterSource[] | undefined;
  readonly status: { readonly droppedChannelFull: number; readonly droppedBatchFull: number };
  readonly rejected: Readonly<Record<RejectReason, number>>;
  readonly connections: {
    readonly open: number;
    readonly max: number;
    readonly total: number;
    readonly refused: Readonly<Record<string, number>>;
    readonly idle: number;
    readonly unrecorded: number;
  };
  /** Set if the proxy looks for missing events. */
  readonly sessions?:
    | {
        readonly size: number;
        readonly totals: {
          readonly sessions: number;
          readonly missing: Readonly<Record<string, number>>;
          readonly duplicated: number;
          readonly withoutSession: number;
        };
      }
    | undefined;
  /** Operations that failed, by kind of shortage. */
  readonly shortages: Readonly<Record<string, number>>;
  wasmEnabled(): boolean;
  foreignErrors(): Readonly<Record<ForeignSource, number>>;
}
