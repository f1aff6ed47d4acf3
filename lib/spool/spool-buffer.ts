import type { LogBatch } from '../../codec/index.js';
import type { Amount } from '../batch.js';
import type { Reporter } from '../forwarding/reporter.js';
import type { Logger } from '../logger.js';
import { type Callback, Duplex } from '../streams/base.js';
import { type Disk, realDisk } from './disk.js';
import { guarded } from './guard.js';
import type { SpoolQueue } from './queue.js';
import { batchOf, HEADER, type Size } from './record.js';
import { type Missing, SpoolAccounts } from './spool-accounts.js';
import { SpoolHandle } from './spool-handle.js';
import { checkSpoolBufferOptions, type SpoolBufferOptions } from './spool-options.js';
import { type Fresh, Unstored } from './unstored.js';

/** Batches that wait for a reader in memory, besides what one read brings. */
const READ_AHEAD = 64;

/**
 * A buffer on disk, with the surface of a LogBuffer: what is written to it is stored in a folder, and read in order.
 * It stays there until `ack()`, also if the process ends, for whatever reason. docs/spool-format.md describes the
 * files.
 *
 * A reader that keeps up receives each batch at once, while it is being stored, and one that is acknowledged within the
 * same turn of the event loop is not written at all. If the buffer is full, `overflow: 'drop'` drops the newest batch,
 * and `'block'` makes the writers wait.
 *
 * | event | arguments | when |
 * |---|---|---|
 * | `drop` | batch, reason, error | `'spool_full'`, `'shutdown'` or `'quarantined'`; `error` says why it could not be written |
 * | `loss` | amount | stored batches are damaged, unreadable or gone |
 * | `failure` | error | something failed, and is tried again |
 */
export class SpoolBuffer extends Duplex {
  /** How many batches it can hold. */
  readonly maxBatches = Number.POSITIVE_INFINITY;
  /** How many bytes of batches it can hold. */
  readonly maxBytes: number;
  /** What happens to a batch that does not fit. */
  readonly overflow: 'drop' | 'block';
  readonly #accounts = new SpoolAccounts();
  /** Everything that was written to it, accepted or dropped, and what it contained when it was opened. */
  readonly received: Readonly<Amount> = this.#accounts.received;
  /** What it contained when it was opened. */
  readonly recovered: Readonly<Amount> = this.#accounts.recovered;
  /** What was accepted and not acknowledged, whether a reader has it or not; the bytes include the headers. */
  readonly held: Readonly<Amount & { bytes: number }> = this.#accounts.held;
  /** The batches that are damaged, unreadable or gone. */
  readonly missing: Readonly<Missing> = this.#accounts.missing;
  /** How many times something failed that was tried again. */
  failures = 0;
  readonly #handle: SpoolHandle;
  #queue: SpoolQueue | undefined;
  readonly #unstored = new Unstored();
  /** The ids of what a reader has and is stored. */
  readonly #ids = new Map<LogBatch, number>();
  #storing: Promise<void> | undefined;
  #isStoreDue = false;
  #reading: Promise<void> | undefined;
  #isWanted = false;
  /** A writer that waits: until there is room for its batch, or, without a batch, until the disk has caught up. */
  #waiting: { batch: LogBatch | undefined; callback: Callback } | undefined;
  #refusing = false;
  #closing = false;

  /**
   * @param disk Where the folder is. Default: the disk of this computer.
   * @throws ERR_INVALID_OPTION
   */
  constructor(
    options: SpoolBufferOptions,
    overflow: 'drop' | 'block',
    logger: Logger,
    disk: Disk = realDisk,
  ) {
    checkSpoolBufferOptions(options, overflow);
    super({ objectMode: true, readableHighWaterMark: READ_AHEAD, writableHighWaterMark: 1 });
    this.maxBytes = options.maxBytes ?? 256 * 2 ** 20;
    this.overflow = overflow;
    this.#handle = new SpoolHandle({
      disk,
      folder: options.folder,
      maxBytes: this.maxBytes,
      sync: options.sync ?? false,
      logger,
      onLoss: (lost, ids) => this.#lose(lost, ids),
      onQuarantine: (entry) => this.#drop(batchOf(entry), 'quarantined'),
      onFailure: (error) => {
        this.failures += 1;
        this.emit('failure', error);
      },
      onSpace: () => this.#admit(),
    });
  }

  /** False if it could not be opened yet, or if the last attempt to write failed; true again 30 s after that. */
  get isWritable(): boolean {
    return this.#queue === undefined ? this.failures === 0 : this.#unstored.isStorable;
  }

  /** Locks the folder, if no shortage prevents it. `open()` does it, too. @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED */
  lock(isHandedOver = () => false): Promise<void> {
    return this.#handle.lock(isHandedOver);
  }

  /**
   * Opens the spool: nothing is stored or read before. During a shortage, as of descriptors, it tries again until that
   * ends, or until `close()`; each attempt is a `failure`. After an error it may be called again.
   *
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED
   */
  async open(): Promise<void> {
    const queue = await this.#handle.open();
    if (this.#queue !== undefined) return;
    this.#queue = queue;
    this.#accounts.opened(queue.size);
    this.#store();
    this.#fill();
  }

  /** @returns false while a writer waits: continue at `drain`. */
  override write(...args: unknown[]): boolean {
    (super.write as (...args: unknown[]) => boolean)(...args);
    return this.#waiting === undefined;
  }

  /** A batch that was read need not be kept any more. No kill brings it back once this turn is over. */
  ack(batch: LogBatch): void {
    const id = this.#ids.get(batch);
    if (id !== undefined) {
      this.#ids.delete(batch);
      this.#queue?.finish(id, batch);
    } else if (!this.#unstored.acknowledge(batch)) {
      return;
    }
    this.#accounts.release(batch);
    this.#admit();
  }

  /** Wraps a reporter so that a batch that ends the process again and again is set aside: see docs/spool-format.md. */
  guard(reporter: Reporter): Reporter {
    return guarded(reporter, () => this.#queue, this.#ids);
  }

  /** Lets no writer wait any more: a batch that does not fit is dropped with the reason `'shutdown'`. */
  shutdown(): void {
    this.#refusing = true;
    this.#admit();
  }

  /** Waits until everything that was accepted is stored, and releases the folder. */
  async close(): Promise<void> {
    this.#closing = true;
    const queue = await this.#handle.opened();
    if (queue !== undefined) {
      for (this.#store(); this.#storing !== undefined; ) await this.#storing;
    }
    const { unread, read } = this.#unstored.abandon();
    for (const batch of unread) this.#drop(batch, 'shutdown');
    for (const batch of read) this.#drop(batch, 'spool_full');
    await this.#handle.close();
    await this.#reading;
    this.destroy();
  }

  override _write(batch: LogBatch, _encoding: BufferEncoding, callback: Callback): void {
    if (!this.#hasRoom(batch)) {
      if (this.overflow === 'block' && !this.#refusing && HEADER + batch.raw.length <= this.maxBytes) {
        batch.detach();
        this.#waiting = { batch, callback };
        return;
      }
      this.#accounts.receive(batch, false);
      this.emit('drop', batch, this.#refusing ? 'shutdown' : 'spool_full');
      callback();
      return;
    }
    this.#accounts.receive(batch, true);
    this.#accept(batch);
    if (this.#unstored.isMuch && !this.#refusing) this.#waiting = { batch: undefined, callback };
    else callback();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#fill();
  }

  #hasRoom(batch: LogBatch): boolean {
    const bytes = HEADER + batch.raw.length;
    const space = this.#queue?.space ?? Number.POSITIVE_INFINITY;
    return this.held.bytes + bytes <= this.maxBytes && this.#unstored.bytes + bytes <= space;
  }

  #accept(batch: LogBatch): void {
    this.#unstored.add(batch, this.#isPassingThrough() ? this.#give : undefined);
    if (this.#isStoreDue || this.#unstored.isEmpty) return;
    this.#isStoreDue = true;
    setImmediate(() => {
      this.#isStoreDue = false;
      this.#store();
    });
  }

  readonly #give = (batch: LogBatch): void => {
    this.push(batch);
    if (this.readableLength > 0) batch.detach();
  };

  /** Whether a reader waits, and has everything that there was. */
  #isPassingThrough(): boolean {
    return (
      this.readableFlowing === true &&
      this.readableLength === 0 &&
      this.#unstored.unread === 0 &&
      this.#reading === undefined &&
      this.#queue?.hasUnread === false
    );
  }

  /** Stores what is to be stored, group by group: what comes meanwhile is the next one. */
  #store(): void {
    if (this.#queue === undefined || this.#storing !== undefined || this.#unstored.isEmpty) return;
    const queue = this.#queue;
    const stored = (fresh: Fresh, id: number) => this.#stored(queue, fresh, id);
    this.#storing = this.#unstored
      .store(queue, stored, (lost, error) => {
        for (const batch of lost) this.#drop(batch, 'spool_full', this.#handle.failed(error));
      })
      .finally(() => {
        this.#storing = undefined;
        this.#fill();
        this.#admit();
        this.#store();
      });
  }

  /** It is on disk by now. A reader that has everything before it need not read it from there. */
  #stored(queue: SpoolQueue, fresh: Fresh, id: number): void {
    const { batch, state } = fresh;
    if (state === 'unread') {
      if (this.#reading !== undefined || this.readableLength >= READ_AHEAD || !queue.skip(id, batch)) return;
      this.#ids.set(batch, id);
      this.#give(batch);
    } else {
      queue.skip(id, batch);
      if (state === 'done') queue.finish(id, batch);
      else this.#ids.set(batch, id);
    }
  }

  /** Reads on, if a reader wants more. */
  #fill(): void {
    const queue = this.#queue;
    if (!this.#isWanted || this.#reading !== undefined || this.#closing || queue?.hasUnread !== true) return;
    this.#isWanted = false;
    this.#reading = queue
      .read()
      .then(
        (entries) => {
          for (const entry of entries) {
            const batch = batchOf(entry);
            this.#ids.set(batch, entry.id);
            this.push(batch);
          }
          if (entries.length === 0) this.#isWanted = true;
        },
        () => undefined, // It is being closed.
      )
      .finally(() => {
        this.#reading = undefined;
        this.#fill();
      });
  }

  #lose(lost: Readonly<Size>, ids: { first: number; last: number }): void {
    this.#accounts.lose(lost, ids);
    this.emit('loss', { batches: lost.batches, logs: lost.logs });
    this.#admit();
  }

  #drop(batch: LogBatch, reason: string, error?: unknown): void {
    this.#accounts.release(batch);
    this.emit('drop', batch, reason, error);
  }

  /** Lets the writer continue that waits, if it can. */
  #admit(): void {
    if (this.#waiting === undefined) return;
    const { batch, callback } = this.#waiting;
    if (batch === undefined) {
      if (this.#unstored.isMuch && !this.#refusing) return;
      this.#waiting = undefined;
      callback();
    } else if (this.#refusing || this.#hasRoom(batch)) {
      this.#waiting = undefined;
      this._write(batch, 'utf8', callback);
    }
  }
}
