import type { Writable } from 'node:stream';
import type { Batch } from '../batch.js';
import { type Logger, withFields } from '../logger.js';
import { invalidOption } from '../options.js';
import type { SharedFolder as Folder } from '../spool/shared-folder.js';
import { SharedFolder } from '../spool/shared-folder.lazy.js';
import type { SpoolBufferOptions } from '../spool/spool-options.js';
import { FanOut } from '../streams/fan-out.js';
import { LogBuffer, type LogBufferOptions } from '../streams/log-buffer.js';
import type { DropReason } from '../telemetry/accounts.js';
import type { Warnings } from '../telemetry/warnings.js';
import { Delivery, type DeliveryEvents } from './delivery.js';

export interface DeliveriesOptions extends LogBufferOptions {
  readonly overflow: 'drop' | 'block';
  readonly spool: SpoolBufferOptions | undefined;
  readonly returns: boolean;
  readonly logger: Logger;
}

/** The deliveries to all reporters of a proxy. Each reporter has its own buffer, so that none waits for another one. */
export class Deliveries {
  readonly first: Delivery;
  /** All deliveries but the first one. */
  readonly others: readonly Delivery[];
  /** Writes each batch to every buffer. */
  readonly logs: Writable;
  readonly #all: readonly Delivery[];
  readonly #folder: Folder | undefined;

  constructor(
    names: readonly string[],
    { spool, logger, ...options }: DeliveriesOptions,
    warnings: Warnings,
    events: DeliveryEvents,
  ) {
    this.#folder = spool && new SharedFolder(spool, names, options.overflow, logger);
    const changed = () => events.changed();
    this.#all = names.map((name, i) => {
      const make = (logger: Logger, warnings: Warnings, events: DeliveryEvents) =>
        new Delivery(name, { ...options, spool: this.#folder?.buffer(name, logger) }, warnings, events);
      // The name of a single reporter tells nobody anything.
      if (names.length === 1) return make(logger, warnings, events);
      const its =
        i === 0 ? events : { changed, forwarded: changed, dropped: () => undefined, settled: events.settled };
      return make(withFields(logger, { reporter: name }), warnings.about(name), its);
    });
    this.first = this.#all[0] as Delivery;
    this.others = this.#all.slice(1);
    this.logs =
      this.others.length === 0 ? this.first.buffer : new FanOut(this.#all.map(({ buffer }) => buffer));
  }

  /** @throws ERR_INVALID_OPTION for a name that no reporter has. */
  named(owner: string, name = this.first.name): Delivery {
    const found = this.#all.find((delivery) => delivery.name === name);
    if (found !== undefined) return found;
    const names = this.#all.map((delivery) => delivery.name).join(', ');
    throw invalidOption(owner, name, `one of the option reporters of the proxy: ${names}`);
  }

  /** The deliveries to all reporters, the first one first. */
  get all(): readonly Delivery[] {
    return this.#all;
  }

  /** The stream for the batches of one sender, unless that is {@link logs}. Destroy it when the sender has gone. */
  sender(): Writable | undefined {
    const shares = this.#all.flatMap(({ buffer }) =>
      buffer instanceof LogBuffer && buffer.fairShare ? [buffer.sender()] : [],
    );
    if (shares.length < 2) return shares[0];
    const fanOut = new FanOut(shares);
    fanOut.once('close', () => {
      for (const share of shares) share.destroy();
    });
    return fanOut;
  }

  /** What the health of the proxy depends on. Each reporter counts. */
  get facts() {
    return {
      isForwarding: this.#all.every(({ isForwarding }) => isForwarding),
      isSpoolWritable: this.#all.every(({ spool }) => spool?.isWritable ?? true),
      sinceDropMs: Math.min(...this.#all.map(({ sinceDropMs }) => sinceDropMs)),
      isReporterUp: this.#all.every(({ state }) => state.isUp),
    };
  }

  /** The fields of the closing account: those of the first reporter, and under `others` those of each other one. */
  closingAccount(): object {
    if (this.others.length === 0) return accountOf(this.first);
    const others = Object.fromEntries(this.others.map((delivery) => [delivery.name, accountOf(delivery)]));
    return { ...accountOf(this.first), reporter: this.first.name, others };
  }

  /** Locks the folders of all spools. @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED */
  async lock(isHandedOver?: () => boolean): Promise<void> {
    for (const { spool } of this.#all) await spool?.lock(isHandedOver);
  }

  /** Opens all spools. During a shortage, they are opened in the background, and senders wait. */
  async open(): Promise<void> {
    const opened = this.#all.map(({ spool }) => spool?.open());
    // The batches of removed reporters may take long to read, and cannot be read during a shortage. So nothing waits.
    Promise.all(opened).then(
      () => this.#folder?.reportLeftBehind(),
      () => undefined,
    );
    await Promise.all(
      this.#all.map(({ spool }, i) =>
        Promise.race([opened[i], new Promise((short) => spool?.once('failure', short))]),
      ),
    );
  }

  /** Drops a batch that reaches no buffer. */
  readonly drop = (batch: Batch, reason: DropReason, error: unknown): void => {
    for (const delivery of this.#all) delivery.drop(batch, reason, error);
  };

  /** The source delivers a batch again. */
  readonly redelivered = (batch: Batch): void => {
    for (const delivery of this.#all) delivery.redelivered(batch);
  };

  /** Whether any reporter will receive a batch before the deadline. */
  canForward(deadline: number): boolean {
    // Not `some()`: each call also ends the wait for larger reports.
    return this.#all.filter((delivery) => delivery.canForward(deadline)).length > 0;
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.#all.map((delivery) => delivery.shutdown()));
  }

  async closeSpools(): Promise<void> {
    this.#folder?.close();
    await Promise.all(this.#all.map(({ spool }) => spool?.close()));
  }

  destroy(): void {
    for (const delivery of this.#all) delivery.destroy();
  }
}

function accountOf(delivery: Delivery): object {
  const {
    received,
    recovered,
    redelivered,
    forwarded,
    dropped,
    returned,
    buffered: kept,
  } = delivery.accounts();
  return { received, recovered, redelivered, forwarded, dropped, returned, kept };
}
