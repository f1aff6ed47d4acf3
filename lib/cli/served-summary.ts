import type { LogBatch } from '../../codec/index.js';
import { type Reporter, resultOf } from '../forwarding/reporter.js';
import { eventOf } from '../text/generated/event.js';
import { EventSummary, SHORT } from './event-summary.js';

/** Summarises what a reporter has accepted. */
export class ServedSummary {
  readonly #summary = new EventSummary();

  /** The same reporter. Each batch that it accepts is counted. */
  watch(reporter: Reporter): Reporter {
    const { coalesce, keepsOrder, logsOutages, socketPath } = reporter;
    return {
      ...{ coalesce, keepsOrder, logsOutages, socketPath },
      report: (batch, options) => resultOf(reporter.report(batch, options)).then(() => this.#add(batch)),
    };
  }

  /** For people; without events as well, because that is worth knowing. */
  text(): string {
    // The end does not wait for a slow reader of stderr. What is short reaches it in one piece.
    return `${this.#summary.lines(SHORT).join('\n')}\n`;
  }

  #add({ request }: LogBatch): void {
    for (const log of request.logs) this.#summary.addEvent(eventOf(request, log));
  }
}
