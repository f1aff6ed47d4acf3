/**
 * Why a proxy is not `ok`. A closed list.
 *
 * | reason | status | what happened |
 * |---|---|---|
 * | `not_listening` | failing | the proxy is not started, or it is closing |
 * | `socket_missing` | failing | the socket file is gone, so no sender can connect |
 * | `not_forwarding` | failing | no forwarder runs, so nothing is delivered |
 * | `spool_not_writable` | failing | the spool cannot be opened, or the last attempt to write to it failed |
 * | `dropping` | failing | batches were dropped in the last 30 s, for any reason but `shutdown` |
 * | `source_failing` | degraded | the source of the batches cannot be reached; it keeps them, and the proxy retries |
 * | `reporter_failing` | degraded | the reporter fails; the proxy keeps the batches and retries |
 */
export const HEALTH_REASONS = [
  'not_listening',
  'socket_missing',
  'not_forwarding',
  'spool_not_writable',
  'dropping',
  'source_failing',
  'reporter_failing',
] as const;
/** One of {@link HEALTH_REASONS}. */
export type HealthReason = (typeof HEALTH_REASONS)[number];

/** How long a problem that happens now and then counts, in ms. */
const RECENT_MS = 30_000;

/** Whether a proxy does its work. */
export interface Health {
  /**
   * `ok`; `degraded`: something outside of the proxy fails, and the proxy makes up for it; `failing`: data is being
   * lost, or cannot arrive or leave. A restart cannot help a proxy that is `degraded`, but may cost what it holds.
   */
  readonly status: 'ok' | 'degraded' | 'failing';
  /** Empty if the status is `ok`. */
  readonly reasons: readonly HealthReason[];
}

/** What the health of a proxy depends on. */
export interface HealthFacts {
  readonly isListening: boolean;
  /** Whether there is a socket at the proxy's path. */
  readonly hasSocketFile: boolean;
  readonly isForwarding: boolean;
  /** True if there is no spool. */
  readonly isSpoolWritable: boolean;
  /** How long ago a batch was dropped, in ms; Infinity if none was. */
  readonly sinceDropMs: number;
  /** True if there is no source. */
  readonly isSourceUp: boolean;
  readonly isReporterUp: boolean;
}

/** The health that follows from the facts. */
export function healthOf(facts: HealthFacts): Health {
  const holds: Record<HealthReason, boolean> = {
    not_listening: !facts.isListening,
    // While it does not listen, there need not be a file.
    socket_missing: facts.isListening && !facts.hasSocketFile,
    not_forwarding: !facts.isForwarding,
    spool_not_writable: !facts.isSpoolWritable,
    dropping: facts.sinceDropMs <= RECENT_MS,
    // A source that has not been opened is not a problem of its own.
    source_failing: facts.isListening && !facts.isSourceUp,
    reporter_failing: !facts.isReporterUp,
  };
  const reasons = HEALTH_REASONS.filter((reason) => holds[reason]);
  const isFailing = reasons.some((reason) => !reason.endsWith('_failing'));
  return { status: isFailing ? 'failing' : reasons.length > 0 ? 'degraded' : 'ok', reasons };
}
