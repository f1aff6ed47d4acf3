import type { Outcome } from '../../codec/index.js';
import type { SessionLedger } from '../sessions/session-ledger.js';
import type { SessionReport } from '../sessions/session-report.js';
import type { Accounts } from '../telemetry/accounts.js';
import type { Outage } from '../telemetry/reporter-state.js';

/** What can be seen of the delivery to one reporter. */
export interface DeliveryInsight {
  readonly name: string;
  accounts(): Accounts;
  readonly buffer: { readonly held: { readonly bytes: number }; readonly maxBytes: number };
  /** The buffer, if it is on disk. */
  readonly spool: object | undefined;
  readonly state: { readonly outage: Outage | undefined };
}

/** What can be seen of a proxy from inside. Its public interface does not grow for every part of the command. */
export interface Insight {
  /** The sessions, if the proxy looks for missing events. */
  readonly sessions:
    | { readonly ledger: SessionLedger; ended: ((report: SessionReport) => void) | undefined }
    | undefined;
  /** The first one is that of the first reporter. */
  readonly deliveries: readonly DeliveryInsight[];
  /**
   * Calls a function with everything that new connections decode, a chunk at a time, after redaction and before it is
   * delivered. Nobody waits for it, and it must not throw.
   */
  observe(observer: (outcomes: readonly Outcome[]) => void): void;
}

// By proxy, whose module imports this one.
const insights = new WeakMap<object, Insight>();

export function giveInsight(proxy: object, insight: Insight): void {
  insights.set(proxy, insight);
}

export function insightOf(proxy: object): Insight {
  return insights.get(proxy) as Insight;
}
