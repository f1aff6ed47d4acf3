import { LogBatch } from '../../codec/index.js';
import { type Amount, count, refuseOther } from '../batch.js';
import type { SpoolBufferEvents } from '../events.js';
import { keepAlone } from '../forwarding/combination.js';
import type { Reporter } from '../forwarding/reporter.js';
import { GuardedEvents } from '../guard.js';
import type { Logger } from '../logger.js';
import { nextTurn } from '../real-time.js';
import { type Callback, Duplex } from '../streams/base.js';
import { queuedIn } from '../streams/direct.js';
import type { WriteRest } from '../streams/typed-stream.js';
import { Admission } from './admission.js';
import { realDisk } from './disk.js';
import { orNothing, type Patience } from './files.js';
import { guardedReporter } from './guarded-reporter.js';
import { failed, Opening } from './opening.js';
import { type Fresh, Pending } from './pending.js';
import type { QueueOptions, SpoolQueue } from './queue.js';
import { NOTHING, type Size, sizeOf } from './record.js';
import type { Shared } from './shared-space.js';
import { type Missing, SpoolAccounts } from './spool-accounts.js';
import { resolveSpoolOptions, type SpoolBufferOptions } from './spool-options.js';

/** Batches that wait for a reader in memory, besides what one read brings. */
const READ_AHEAD = 64;

/**
 * A buffer on disk, with the surface of a LogBuffer: what is written to it is stored in a folder, and read in order.
 * It stays there until `ack()`, also if the process ends. docs/spool-format.md describes the files.
 *
 * A reader that keeps up receives each batch at once, while it is being stored, and one that is acknowledged within the
 * same turn of the event loop is not written at all. If the buffer is full, `overflow: 'drop'` drops the newest batch,
 * and `'block'` makes the writers wait. If the disk does not let it write, up to 1 MiB waits in memory until it does;
 * only what comes after that is dropped, or waits with its writer.
 *
 * | event | arguments | when |
 * |---|---|---|
 * | `drop` | batch, reason, error | `'spool_full'`, `'shutdown'` or `'quarantined'`; `error` says why it could not be written |
 * | `loss` | amount | stored batches are damaged, unreadable or gone |
 * | `failure` | error | something failed, and is tried again |
 *
 * A listener that fails does not stop the buffer. The first failure is a warning of the process.
 */
export class SpoolBuffer extends Duplex<LogBatch, LogBatch, SpoolBufferEvents> {
  /** How many batches it can hold. */
  readonly maxBatches = Number.POSITIVE_INFINITY;
  /** What happens to a batch that does not fit. */
  readonly overflow: 'drop' | 'block';
  readonly #events = new GuardedEvents(this);
  readonly #accounts = new SpoolAccounts();
  /** Everything that was written to it, accepted or dropped, and what it contained when it was opened. */
  readonly received: Readonly<Amount> = this.#accounts.received;
  /** What it contained when it was opened. */
  readonly recovered: Readonly<Amount> = this.#accounts.recovered;
  /** The batches that are damaged, unreadable or gone. */
  readonly missing: Readonly<Missing> = this.#accounts.missing;
  /** How many times something failed that was tried again. */
  failures = 0;
  readonly #options: QueueOptions & Patience;
  readonly #stopping = new AbortController();
  readonly #opening: Opening;
  #queue: SpoolQueue | undefined;
  readonly #pending: Pending;
  /** What a reader has: its id, or what waits to be stored. */
  readonly #read = new Map<LogBatch, number | Fresh>();
  #reading: Promise<void> | undefined;
  #isWanted = false;
  readonly #admission: Admission;
  #released: Promise<void> | undefined;

  /**
   * @param disk Where the folder is. Default: the disk of this computer.
   * @param shared What it shares with other spools in the folder; then `maxBytes` does not apply.
   * @throws ERR_INVALID_OPTION
   */
  constructor(
    options: SpoolBufferOptions,
    overflow: 'drop' | 'block',
    logger: Logger,
    disk = realDisk,
    shared?: Shared,
  ) {
    const { folder, maxBytes, sync } = resolveSpoolOptions(options, overflow, logger, disk);
    super({ objectMode: true, readableHighWaterMark: READ_AHEAD, writableHighWaterMark: 1 });
    this.#admission = new Admission(
      maxBytes,
      shared?.space,
      () => ({ queue: this.#queue, pending: this.#pending }),
      (batch, callback) => this._write(batch, 'utf8', callback),
    );
    this.overflow = overflow;
    this.#options = {
      ...{ disk, folder, sync, logger, signal: this.#stopping.signal },
      ...this.#admission.limits,
      onLocked: shared?.onLocked,
      onLoss: (lost, ids) => this.#lose(lost, ids),
      onQuarantine: ({ tag, count, raw }) => this.#drop(new LogBatch(tag, count, raw), 'quarantined'),
      onRecount: (difference) => this.#accounts.recover(difference),
      onFailure: (error) => {
        this.failures += 1;
        this.#events.emit('failure', error);
      },
      onSpace: () => this.#admission.freed(),
    };
    this.#opening = new Opening(this.#options);
    this.#pending = new Pending(
      this.#options,
      (fresh, id) => this.#stored(fresh, id),
      () => [this.#fill(), this.#admission.freed()],
    );
  }

  /** How many bytes of batches it can hold; fewer than before, if it shares its folder with spools that need them. */
  get maxBytes(): number {
    return this.#admission.limits.limit();
  }

  /** What was accepted and not acknowledged, whether a reader has it or not; the bytes include the headers. */
  get held(): Readonly<Amount & { bytes: number }> {
    const { batches, logs, bytes } = this.#pending.size;
    const stored = this.#queue?.size ?? NOTHING;
    return { batches: stored.batches + batches, logs: stored.logs + logs, bytes: stored.bytes + bytes };
  }

  /** False if it could not be opened yet, or if the last attempt to write failed. */
  get isWritable(): boolean {
    return this.#queue === undefined ? this.failures === 0 : this.#pending.shortage === undefined;
  }

  /** Locks the folder, if no shortage prevents it. `open()` does it, too. @throws as `open()` does */
  lock(isHandedOver = () => false): Promise<void> {
    return this.#opening.lock(isHandedOver);
  }

  /**
   * Opens the spool: nothing is stored or read before. During a shortage, as of descriptors, it tries again until that
   * ends, or until `close()`; each attempt is a `failure`. After an error it may be called again.
   *
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED, ERR_CLOSED
   */
  async open(): Promise<void> {
    const queue = await this.#opening.open();
    if (this.#queue !== undefined) return;
    this.#queue = queue;
    this.#accounts.recover(queue.size);
    this.#pending.begin(queue);
    this.#admission.freed();
    this.#fill();
  }

  /** @returns false while a writer waits: continue at `drain`. */
  override write(batch: never, encoding?: unknown, callback?: unknown): boolean;
  override write(batch: LogBatch, ...rest: WriteRest): boolean;
  override write(...args: unknown[]): boolean {
    (super.write as (...args: unknown[]) => boolean)(...args);
    return !this.#admission.isWaiting;
  }

  /** A batch that was read need not be kept any more. No kill brings it back afterwards. */
  ack(batch: LogBatch): void {
    const found = this.#read.get(batch);
    if (found === undefined) return;
    this.#read.delete(batch);
    if (typeof found === 'number') this.#queue?.finish(found, batch);
    else this.#pending.acknowledge(found);
    this.#admission.freed();
  }

  /** A reporter that notes on disk which batch is being processed: docs/spool-format.md explains why. */
  guard(reporter: Reporter): Reporter {
    return guardedReporter(reporter, () => this.#queue, this.#read);
  }

  /** Lets no writer wait any more: a batch that does not fit is dropped with the reason `'shutdown'`. */
  shutdown(): void {
    this.#admission.close();
  }

  /** Stores everything that was accepted, if the disk lets it, and releases the folder. `destroy()` does it, too. */
  async close(): Promise<void> {
    await this.#release();
    this.destroy();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    // The stream discards what is in its queue.
    const queued = queuedIn<LogBatch>(this);
    this.#release().then(() => callback(error), callback);
    for (const batch of queued) {
      count(this.#accounts.received, batch);
      this.#drop(batch, 'shutdown');
    }
  }

  #release(): Promise<void> {
    this.#released ??= this.#storeAll();
    return this.#released;
  }

  async #storeAll(): Promise<void> {
    this.shutdown();
    this.#stopping.abort();
    while (this.writableLength > 0 && !this.destroyed) await nextTurn();
    await this.#opening.close();
    await this.#pending.flush();
    // What a reader has, too: it has not acknowledged it.
    for (const { batch } of this.#pending.clear()) {
      this.#read.delete(batch);
      this.#drop(batch, this.#queue === undefined ? 'shutdown' : 'spool_full', this.#pending.shortage);
    }
    // A read that is under way would open a file again.
    await this.#reading;
    await this.#queue?.close();
  }

  override _write(batch: LogBatch, _encoding: BufferEncoding, callback: Callback): void {
    if (refuseOther(batch, callback)) return;
    const { isClosed } = this.#admission;
    const hasRoom = this.#admission.hasRoom(batch);
    const canWait = this.overflow === 'block' && !isClosed && sizeOf(batch).bytes <= this.#admission.most;
    if (!hasRoom && canWait) {
      batch.detach();
      this.#admission.wait(batch, callback);
      return;
    }
    count(this.#accounts.received, batch);
    if (!hasRoom) {
      this.#drop(batch, isClosed ? 'shutdown' : 'spool_full', this.#pending.shortage);
      callback();
      return;
    }
    const fresh = this.#pending.accept(batch);
    if (this.#isWanted && !this.#pending.hasUnread && this.#hasReadAll()) this.#give(fresh);
    if (!fresh.isDone) this.#pending.add(fresh);
    if (this.#pending.isBehind && !isClosed) this.#admission.wait(undefined, callback);
    else callback();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#fill();
  }

  #hasReadAll(): boolean {
    return this.#reading === undefined && this.#queue?.hasUnread === false;
  }

  #give(fresh: Fresh): void {
    fresh.isRead = true;
    this.#read.set(fresh.batch, fresh);
    this.#isWanted = this.push(fresh.batch);
  }

  #stored({ batch, isRead, isDone }: Fresh, id: number): void {
    if (isRead) this.#queue?.skip(id, batch);
    if (isDone) this.#queue?.finish(id, batch);
    else if (isRead) this.#read.set(batch, id);
  }

  /** Gives the reader what it wants: what is stored, and then what is not stored yet. */
  #fill(): void {
    const queue = this.#queue;
    if (queue === undefined || this.#stopping.signal.aborted) return;
    while (this.#isWanted && this.#hasReadAll()) {
      const fresh = this.#pending.take();
      if (fresh === undefined) return;
      this.#give(fresh);
    }
    if (!this.#isWanted || this.#reading !== undefined) return;
    this.#isWanted = false;
    this.#reading = this.#readFrom(queue).finally(() => {
      this.#reading = undefined;
      this.#fill();
    });
  }

  async #readFrom(queue: SpoolQueue): Promise<void> {
    const entries = await orNothing(() => queue.read(), this.#options);
    for (const { id, tag, count, raw } of entries) {
      const batch = new LogBatch(tag, count, raw);
      this.#read.set(batch, id);
      if (queue.isMarked(id)) keepAlone(batch);
      this.push(batch);
    }
    if (entries.length === 0) this.#isWanted = true;
  }

  #lose(lost: Readonly<Size>, ids: { first: number; last: number }): void {
    // What is found missing while the spool is opened is not among what it has then.
    if (this.#queue === undefined) this.#accounts.recover(lost);
    this.#accounts.lose(lost, ids);
    this.#events.emit('loss', { batches: lost.batches, logs: lost.logs });
    this.#admission.freed();
  }

  #drop(batch: LogBatch, reason: string, error?: unknown): void {
    const cause = error === undefined ? undefined : failed(this.#options.folder, error);
    this.#events.emit('drop', batch, reason, cause);
  }
}
