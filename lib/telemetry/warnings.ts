import type { EventEmitter } from 'node:events';
import type { Batch } from '../batch.js';
import type { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { DropReason } from './accounts.js';
import { Episode, type EpisodeTexts } from './episode.js';
import type { RejectReason } from './metrics.js';

const DROP_TEXTS = {
  begins: 'dropping boundary logs',
  goesOn: 'still dropping boundary logs',
  ends: 'no longer dropping boundary logs',
};
const REJECT_TEXTS = {
  begins: 'rejecting frames',
  goesOn: 'still rejecting frames',
  ends: 'no longer rejecting frames',
};
const ACCEPT_TEXTS = {
  begins: 'connections cannot be accepted',
  goesOn: 'connections still cannot be accepted',
  ends: 'connections are accepted again',
};

const SPOOL_TEXTS = {
  begins: 'the spool cannot be used: it is tried again',
  goesOn: 'the spool still cannot be used',
  ends: 'the spool can be used again',
};

/** What may be wrong with what comes in and what goes out: an {@link Episode} for each reason. */
export class Warnings {
  readonly #logger: Logger;
  readonly #episodes = new Map<string, Episode>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  dropped(batch: Batch, reason: DropReason, error?: unknown): void {
    this.#episode(reason, DROP_TEXTS).happened({ batches: 1, logs: batch.count }, because(error));
  }

  rejected(reason: RejectReason, error?: BoundaryLogError): void {
    this.#episode(reason, REJECT_TEXTS).happened({ frames: 1 }, because(error));
  }

  /** The spool could not be read, or acknowledged batches not removed from it. */
  spoolFailed(error: Error): void {
    this.#episode('spool', SPOOL_TEXTS).happened({ failures: 1 }, because(error));
  }

  /** Two lines for each outage of a reporter that is tried again: when it begins, and when it is over. */
  watchOutages(forwarder: EventEmitter): void {
    forwarder.on('outage', (error) => {
      this.#logger.warn(because(error), 'the reporter fails; what it did not take is tried again');
    });
    forwarder.on('recovery', (seconds: number) => {
      this.#logger.warn({ seconds }, 'the reporter takes batches again');
    });
  }

  /** A connection could not be accepted. */
  notAccepted(error: Error): void {
    this.#episode('accept', ACCEPT_TEXTS).happened({ connections: 1 }, because(error));
  }

  /** There is no WebAssembly. This does not change while a process runs, so it is one line. */
  wasmDisabled(error: unknown): void {
    this.#logger.warn(
      because(error),
      'WebAssembly is not available: JavaScript does its work, and takes more CPU',
    );
  }

  /** Ends what goes on, with a last line each. */
  end(): void {
    for (const episode of this.#episodes.values()) episode.end();
  }

  #episode(name: string, texts: EpisodeTexts): Episode {
    let episode = this.#episodes.get(name);
    if (episode === undefined) {
      episode = new Episode(this.#logger, name, texts);
      this.#episodes.set(name, episode);
    }
    return episode;
  }
}

/** `err` is the name under which loggers know how to write an error. */
function because(error: unknown): object {
  return error === undefined || error === null ? {} : { err: error };
}
