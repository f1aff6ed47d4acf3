import type { Hello, ReporterInfo, Sample, State } from '../messages.js';
import { droppedIn, droppedLately, roomSeconds } from './flow.js';
import { bytesText, counted, spanText } from './numbers.js';
import { shown } from './shown.js';
import { momentOf } from './times.js';

/** An answer to "is everything all right?". */
export interface Answer {
  readonly text: string;
  /** Whether something is lost, or may be, or whether a session is not complete. */
  readonly isWarning: boolean;
}

/** Whether a drop is still going on, in ms. */
const RECENT_MS = 30_000;

/** What is wrong with the proxy itself, in words. The state of reporters is told in other words. */
const PROBLEMS: Record<string, string> = {
  not_listening: 'The proxy is not listening: no sender can connect.',
  socket_missing: 'The socket file is gone: no sender can connect. Restart the proxy.',
  not_forwarding: 'Nothing is forwarded.',
  spool_not_writable: 'The spool cannot be written to.',
  source_failing: 'The source cannot be reached: it keeps what arrives.',
};

/** Why events were dropped, in words. */
const REASONS: Record<string, string> = {
  buffer_full: 'buffer full',
  unfair_share: 'more than the share of their sender',
  forward_failed: 'the reporter failed',
  shutdown: 'the proxy was closed',
  rejected: 'refused by the reporter',
  spool_full: 'spool full',
  spool_damaged: 'spool damaged',
  redaction_failed: 'not redactable',
  quarantined: 'set aside in the spool',
};

export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** The most frequent reasons first: `buffer full`, or with several ones their numbers, too. */
export function reasonsText(dropped: Readonly<Record<string, number>>): string {
  const entries = Object.entries(dropped).sort(([, a], [, b]) => b - a);
  if (entries.length === 1) return reasonText(entries[0]?.[0] ?? '');
  return entries.map(([reason, n]) => `${n} ${reasonText(reason)}`).join('; ');
}

/** What a page knows about the proxy. */
export interface Knowledge {
  readonly hello: Hello;
  readonly state: State;
  /** The last minutes, the oldest first. */
  readonly samples: readonly Sample[];
}

/** The state of one reporter in words. */
export function reporterAnswer({ hello, state, samples }: Knowledge, i: number): Answer {
  const info = hello.reporters[i] as ReporterInfo;
  const { outage } = state.reporters[i] ?? { outage: null };
  const sample = samples.at(-1)?.reporters[i];
  if (sample === undefined) return { text: `Forwarding to ${info.label}.`, isWarning: false };
  const { batches, bytes } = sample.held;
  const place = info.isOnDisk ? 'on disk' : 'in memory';
  const kept = `${counted(batches, 'batch', 'batches')} (${bytesText(bytes)}) ${place}`;
  const lately = droppedLately(samples, i, RECENT_MS);
  const dropped = droppedIn(sample);
  const isDropping = Object.keys(lately).length > 0;
  const loss = dropped === 0 ? 'nothing lost' : `${counted(dropped, 'event')} lost`;
  if (outage !== null) {
    const since = `${info.label} unavailable since ${momentOf(outage.since, samples.at(-1)?.at ?? 0)}.`;
    const losing = isDropping ? ` Losing events: ${reasonsText(lately)}.` : '';
    // A source waits until there is room.
    const seconds = isDropping || hello.source !== null ? undefined : roomSeconds(samples, i, info);
    const room = seconds === undefined ? '' : ` Room for about ${spanText(seconds)} at this rate.`;
    return { text: `${since} ${kept}, ${loss}.${losing}${room}`, isWarning: true };
  }
  if (isDropping) {
    return {
      text: `Losing events for ${info.label}: ${reasonsText(lately)}. ${counted(dropped, 'event')} lost so far.`,
      isWarning: true,
    };
  }
  const past = dropped === 0 ? '' : ` ${counted(dropped, 'event')} lost: ${reasonsText(sample.dropped)}.`;
  const waiting = batches > 1 ? `, ${kept}` : '';
  return { text: `Forwarding to ${info.label}${waiting}.${past}`, isWarning: dropped > 0 };
}

/** The first line of the page. */
export function answerOf(knowledge: Knowledge): Answer {
  const { hello, state } = knowledge;
  const problems = state.problems.flatMap((problem) => PROBLEMS[problem] ?? []);
  const reporters = hello.reporters.map((_, i) => reporterAnswer(knowledge, i));
  const failing = reporters.filter(({ isWarning }) => isWarning);
  const labels = hello.reporters.map(({ label }) => label).join(', ');
  const fine = reporters.length === 1 ? (reporters[0]?.text ?? '') : `Forwarding to ${labels}.`;
  const incomplete = incompleteText(state);
  const texts = [...problems, ...failing.map(({ text }) => text), ...incomplete];
  if (failing.length === 0) texts.push(fine);
  return { text: texts.join(' '), isWarning: problems.length + failing.length + incomplete.length > 0 };
}

/** A sentence if events of sessions are missing: which session, if it is one that is shown. */
function incompleteText({ sessions }: State): string[] {
  const { incomplete = 0, rows = [] } = sessions ?? {};
  if (incomplete === 0) return [];
  const [row] = rows.filter(({ isIncomplete }) => isIncomplete);
  if (incomplete > 1 || row === undefined) return [`${counted(incomplete, 'session')} incomplete.`];
  return [`Session ${shown(row.id.slice(0, 8))} misses ${counted(row.missing, 'event')}.`];
}

/** What was lost on the way to any reporter, in a few words. */
export function lossText({ samples }: Knowledge): string {
  const dropped = (samples.at(-1)?.reporters ?? []).map(droppedIn);
  const sum = dropped.reduce((a, b) => a + b, 0);
  return sum === 0 ? 'nothing lost' : `${counted(sum, 'event')} lost`;
}
