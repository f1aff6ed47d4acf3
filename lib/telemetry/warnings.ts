import type { EventEmitter } from 'node:events';
import type { Amount, Batch } from '../batch.js';
import type { BoundaryLogError } from '../errors.js';
import { type Logger, withFields } from '../logger.js';
import type { DropReason } from './accounts.js';
import { Episode, Episodes, type EpisodeTexts } from './episode.js';
import type { RejectReason } from './reject-reasons.js';
import { Shortages } from './shortages.js';

const TEXTS = {
  dropped: {
    started: 'dropping boundary logs',
    continues: 'still dropping boundary logs',
    ended: 'no longer dropping boundary logs',
  },
  returned: {
    started: 'returning boundary logs to their source, which delivers them again',
    continues: 'still returning boundary logs to their source',
    ended: 'no longer returning boundary logs to their source',
  },
  rejected: {
    started: 'rejecting frames',
    continues: 'still rejecting frames',
    ended: 'no longer rejecting frames',
  },
  notAccepted: {
    started: 'connections cannot be accepted',
    continues: 'connections still cannot be accepted',
    ended: 'connections are accepted again',
  },
  refused: {
    started: 'rejecting connections',
    continues: 'still rejecting connections',
    ended: 'connections are no longer rejected',
  },
  idle: {
    started: 'closing connections whose senders are silent',
    continues: 'still closing connections whose senders are silent',
    ended: 'no longer closing connections whose senders are silent',
  },
  spoolFailed: {
    started: 'the spool cannot be used; retrying',
    continues: 'the spool still cannot be used',
    ended: 'the spool can be used again',
  },
  outage: {
    started: 'the reporter is failing; retrying',
    ended: 'the reporter accepts batches again',
  },
} satisfies Record<string, EpisodeTexts>;

/** Warns about problems with what the proxy receives and forwards. Each reason is an {@link Episode} of its own. */
export class Warnings {
  /** Failures for lack of a resource are reported by kind, whatever failed. */
  readonly shortages: Shortages;
  readonly #logger: Logger;
  readonly #episodes: Episodes;
  #outage: Episode | undefined;

  constructor(logger: Logger, shortages = new Shortages(logger)) {
    this.#logger = logger;
    this.#episodes = new Episodes(logger);
    this.shortages = shortages;
  }

  /** Warnings about one of several reporters: each line names it. Shortages are counted together. */
  about(reporter: string): Warnings {
    return new Warnings(withFields(this.#logger, { reporter }), this.shortages);
  }

  dropped(batch: Batch, reason: DropReason, error?: unknown): void {
    this.droppedAmount({ batches: 1, logs: batch.count }, reason, error);
  }

  /** Logs were dropped, which need not be a whole batch. */
  droppedAmount(amount: Amount, reason: DropReason, error?: unknown): void {
    this.shortages.count(error);
    this.#episode(reason, TEXTS.dropped).happened({ ...amount }, errorField(error));
  }

  /** A batch was given back to its source. It is not lost. */
  returned(batch: Batch, reason: DropReason, error?: unknown): void {
    this.shortages.count(error);
    this.#episode(reason, TEXTS.returned).happened({ batches: 1, logs: batch.count }, errorField(error));
  }

  rejected(reason: RejectReason, error?: BoundaryLogError): void {
    this.#episode(reason, TEXTS.rejected).happened({ frames: 1 }, errorField(error));
  }

  /** The spool could not be read, or acknowledged batches could not be removed from it. */
  spoolFailed(error: Error): void {
    if (this.shortages.noticed('spool', error)) return;
    this.#episode('spool', TEXTS.spoolFailed).happened({ failures: 1 }, errorField(error));
  }

  /** A connection could not be accepted, or the next one could not. */
  notAccepted(error: unknown): void {
    if (this.shortages.noticed('socket', error)) return;
    this.#episode('accept', TEXTS.notAccepted).happened({ connections: 1 }, errorField(error));
  }

  /** A connection was closed at once. */
  refused(reason: string, max: number): void {
    this.#episode(reason, TEXTS.refused).happened({ connections: 1 }, { max });
  }

  /** A connection was closed because its sender was silent. */
  idle(): void {
    this.#episode('idle', TEXTS.idle).happened({ connections: 1 });
  }

  /** There is no WebAssembly. This does not change while a process runs, so it is one line. */
  wasmDisabled(error: unknown): void {
    this.#logger.warn(
      errorField(error),
      'WebAssembly is not available: JavaScript does its work, and takes more CPU',
    );
  }

  /**
   * Warns about outages of a reporter that is retried. `end()` does not end an outage, because a reporter that still
   * fails when the proxy is closed has not recovered.
   */
  watchOutages(forwarder: EventEmitter): void {
    // One for all forwarders, so that it limits the lines of a program that starts one again and again.
    this.#outage ??= new Episode(this.#logger, TEXTS.outage);
    const outage = this.#outage;
    forwarder.on('outage', (error) => outage.happened({}, errorField(error)));
    forwarder.on('recovery', () => outage.over());
  }

  /** Ends all episodes. Each writes its last line. */
  end(): void {
    this.#episodes.end();
    this.shortages.end();
    this.#outage?.flush();
  }

  #episode(reason: string, texts: EpisodeTexts): Episode {
    return this.#episodes.named(reason, texts, { reason });
  }
}

/** Loggers such as pino serialize an error in the field `err`. */
function errorField(error: unknown): object {
  return error === undefined || error === null ? {} : { err: error };
}
