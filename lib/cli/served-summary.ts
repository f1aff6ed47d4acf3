import type { LogBatch } from '../../codec/index.js';
import { type Reporter, resultOf } from '../forwarding/reporter.js';
import { eventOf } from '../text/generated/event.js';
import { EventSummary } from './event-summary.js';
import type { Io } from './io.js';

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
  text({ stderr }: Pick<Io, 'stderr'>): string {
    return `${this.#summary.lines(stderr.isTTY === true).join('\n')}\n`;
  }

  #add({ request }: LogBatch): void {
    for (const log of request.logs) this.#summary.addEvent(eventOf(request, log));
  }
}
