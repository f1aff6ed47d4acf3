import type { Amount } from '../batch.js';
import type { Accounts, DropReason } from '../telemetry/accounts.js';

/** The fields of the proxy's closing account that are about one reporter. */
interface ReporterAccount
  extends Pick<Accounts, 'received' | 'recovered' | 'redelivered' | 'forwarded' | 'dropped' | 'returned'> {
  /** What a spool keeps. */
  readonly kept: Amount;
}

/** The fields of the proxy's closing account. */
export interface ClosingAccount extends ReporterAccount {
  /** The name of the first reporter, if there are several. */
  readonly reporter?: string;
  readonly others?: Readonly<Record<string, ReporterAccount>>;
}

/** Why events are lost, as the end of a sentence. */
const WHY: Record<DropReason, string> = {
  buffer_full: 'because the buffer was full',
  unfair_share: 'because their sender already had its share of the buffer',
  forward_failed: 'because the reporter failed',
  shutdown: 'because the proxy was closed before they were delivered',
  rejected: 'because the reporter will never accept them',
  spool_full: 'because the spool was full, or could not be written to',
  spool_damaged: 'because the spool was damaged',
  redaction_failed: 'because the secrets in their URLs could not be removed',
  quarantined: 'because the process ended twice while handling them; they are in quarantine/ of the spool',
};

/**
 * The closing account for people: `54 events received, all forwarded`. Of several reporters, each is named:
 * `stdout: 54 events received, all forwarded. coder: 54 events received, none forwarded: 54 kept in the spool`.
 */
export function closingLine({ reporter, others = {}, ...first }: ClosingAccount): string {
  if (reporter === undefined) return lineOf(first);
  const all = Object.entries({ [reporter]: first, ...others });
  return all.map(([name, account]) => `${name}: ${lineOf(account)}`).join('. ');
}

function lineOf(account: ReporterAccount): string {
  const { received, recovered, redelivered, forwarded, dropped, returned, kept } = account;
  const events = (n: number) => (n === 1 ? '1 event' : `${n} events`);
  const old = recovered.logs === 0 ? '' : `, ${recovered.logs} of them from the spool`;
  const again = redelivered.logs === 0 ? '' : `, ${redelivered.logs} delivered again by the source`;
  const start = `${events(received.logs)} received${old}${again}`;
  const lost = Object.entries(WHY).flatMap(([reason, why]) => {
    const { logs } = dropped[reason as DropReason];
    return logs === 0 ? [] : [`${logs} lost ${why}`];
  });
  if (received.logs + redelivered.logs === 0) return 'no events received';
  const rest = [
    ...(kept.logs === 0 ? [] : [`${kept.logs} kept in the spool`]),
    ...(returned.logs === 0 ? [] : [`${returned.logs} returned to the source, which delivers them again`]),
    ...lost,
  ];
  if (rest.length === 0) return `${start}, all forwarded`;
  return `${start}, ${forwarded.logs === 0 ? 'none' : forwarded.logs} forwarded: ${rest.join('; ')}`;
}
