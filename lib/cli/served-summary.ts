import type { LogBatch } from '../../codec/index.js';
import { type Reporter, resultOf } from '../forwarding/reporter.js';
import { eventOf } from '../text/generated/event.js';
import { EventSummary } from './event-summary.js';
import type { Io } from './io.js';

/** Summarises the events that a reporter has accepted. */
export class ServedSummary {
  readonly #summary = new EventSummary();

  /** Wraps a reporter, and counts the events of each batch that it accepts. */
  watch(reporter: Reporter): Reporter {
    const { coalesce, keepsOrder, logsOutages } = reporter;
    return {
      ...{ coalesce, keepsOrder, logsOutages },
      report: (batch, options) => resultOf(reporter.report(batch, options)).then(() => this.#add(batch)),
    };
  }

  /** The summary as text. Without events, it says that there were none. */
  text({ stderr }: Pick<Io, 'stderr'>): string {
    return `${this.#summary.lines(stderr.isTTY === true).join('\n')}\n`;
  }

  #add({ request }: LogBatch): void {
    for (const log of request.logs) this.#summary.addEvent(eventOf(request, log));
  }
}
