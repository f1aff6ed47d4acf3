import type { ResolvedNatsOptions, ResolvedStreamOptions } from '../../nats/nats-options.js';
import type { NatsSession } from '../../nats/session.js';
import { ensureStream } from '../../nats/stream.js';

/** The stream of a reporter, which is created if it is missing, also if somebody deletes it. */
export class CheckedStream {
  readonly name: string;
  readonly #options: ResolvedStreamOptions & Pick<ResolvedNatsOptions, 'stream' | 'logger'>;
  /** Whether it may be gone, as nothing has answered for it. */
  #isSuspicious = false;
  #wasThere = false;
  #check: Promise<void> | undefined;
  /** What the last warning was about. */
  #warned = '';

  constructor(options: ResolvedStreamOptions & Pick<ResolvedNatsOptions, 'stream' | 'logger'>) {
    this.name = options.stream;
    this.#options = options;
  }

  /** Nothing has answered for the stream. The next batch has to find out why. */
  suspect(): void {
    this.#isSuspicious = true;
  }

  /** Checks the stream again if it may be gone; once for all batches that wait for it. @throws as `ensureStream()` does. */
  async ready(session: NatsSession): Promise<void> {
    if (!this.#isSuspicious) return;
    this.#check ??= this.check(session).finally(() => {
      this.#check = undefined;
    });
    await this.#check;
  }

  /** @throws as `ensureStream()` does. */
  async check({ manager }: NatsSession): Promise<void> {
    const { isCreated, warnings } = await ensureStream(manager, this.name, this.#options);
    this.#isSuspicious = false;
    const { logger } = this.#options;
    const fields = { stream: this.name };
    if (isCreated && this.#wasThere)
      logger.warn(fields, 'the stream was deleted, with everything in it, and was created again');
    else if (isCreated) logger.info(fields, 'created the stream');
    this.#wasThere = true;
    const text = warnings.join('\n');
    if (text !== '' && text !== this.#warned)
      logger.warn({ ...fields, warnings }, 'the stream may lose or repeat batches');
    this.#warned = text;
  }
}
