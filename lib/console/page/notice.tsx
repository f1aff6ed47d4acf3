import type { Model } from './model.js';
import { counted, grouped } from './numbers.js';
import { clockTime } from './times.js';

/** How long a restart of the proxy is worth a line, in ms. */
const RESTART_MS = 60_000;

/** What somebody has to know to read the list rightly; undefined if there is nothing. */
export function noticeOf({ missed, restartedAt, knowledge, log }: Model): string | undefined {
  const sentences: string[] = [];
  if (restartedAt !== undefined && Date.now() - restartedAt < RESTART_MS)
    sentences.push(`The proxy restarted at ${clockTime(restartedAt)}. Earlier events are still listed.`);
  if (missed > 0) {
    sentences.push(
      `${counted(missed, 'event was', 'events were')} not shown: they came faster than this page can show them.`,
    );
  }
  const { received = 0 } = knowledge?.samples.at(-1) ?? {};
  const { maxEvents = 0 } = knowledge?.hello ?? {};
  if (received > maxEvents && log.size > maxEvents / 2)
    sentences.push(`Of ${grouped(received)} events since the start, the newest ones are kept here.`);
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

export function Notice({ text }: { text: string }) {
  return <p class="notice">{text}</p>;
}
