import type { LogBatch } from '../../codec/index.js';
import { type Reporter, resultOf } from '../forwarding/reporter.js';
import { eventOf } from '../text/generated/event.js';
import { EventSummary, SHORT } from './event-summary.js';

/** Summarises the events that a reporter has accepted. */
export class ServedSummary {
  readonly #summary = new EventSummary();

  /** Wraps a reporter, and counts the events of each batch that it accepts. */
  watch(reporter: Reporter): Reporter {
    const { coalesce, keepsOrder, logsOutages, socketPath } = reporter;
    return {
      ...{ coalesce, keepsOrder, logsOutages, socketPath },
      report: (batch, options) =>
        resultOf(reporter.report(batch, options)).then((result) => {
          this.#add(batch);
          return result;
        }),
    };
  }

  /** The summary as text. Without events, it says that there were none. */
  text(): string {
    // The end does not wait for a slow reader of stderr. A short text reaches it in one piece.
    return `${this.#summary.lines(SHORT).join('\n')}\n`;
  }

  #add({ request }: LogBatch): void {
    for (const log of request.logs) this.#summary.addEvent(eventOf(request, log));
  }
}
