import { LogBatch } from '../../codec/index.js';
import type { Amount } from '../batch.js';
import type { Logger } from '../logger.js';
import { checkOptions, oneOf } from '../options.js';
import { type Callback, Duplex } from '../streams/base.js';
import { READ_AHEAD, ReadAhead } from './read-ahead.js';
import { Removals } from './removals.js';
import { Spool } from './spool.js';
import { checkSpoolBufferOptions, type SpoolBufferOptions } from './spool-options.js';
import { TAKEN_SLOTS } from './taken.js';
import { type Fresh, Unstored } from './unstored.js';

/** How many bytes may wait to be written, before their writers do: a moment's work for a disk. */
const MAX_PENDING_BYTES = 1 << 20;
/** How many groups are on their way to the disk. */
const MAX_STORING = 2;
/** How long after a failure the disk is looked at again. */
const RETRY_MS = 1000;

/**
 * A buffer on disk, with the surface of a LogBuffer: what is written to it goes into a spool, is read
 * oldest first, and goes from there only by `ack()`. What it held when the process ended, however that came, it
 * holds again when it is opened.
 *
 * A reader that waits for more gets it at once, while it is being written to disk. What it acknowledges within
 * the same turn of the event loop needs no place there.
 *
 * When it is full, `overflow: 'drop'` drops the newest with a `drop` event (batch, reason `'spool_full'`);
 * `'block'` holds the writers back. A batch that cannot be written, as the disk is full or the folder gone, is
 * dropped as `'spool_full'`, too, with the error as the event's third argument; later ones are accepted as soon
 * as it can be written to again. What was on disk and is gone with its folder is a `loss` event with its amount.
 */
export class SpoolBuffer extends Duplex {
  /** How many batches it can hold. */
  readonly maxBatches = Number.POSITIVE_INFINITY;
  /** How many bytes of batches it can hold. */
  readonly maxBytes: number;
  /** What happens to a batch that does not fit. */
  readonly overflow: 'drop' | 'block';
  /** All that was written to it and let in or dropped, and what it found when it was opened. */
  readonly received: Amount = { batches: 0, logs: 0 };
  /** What it found when it was opened. */
  readonly recovered: Amount = { batches: 0, logs: 0 };
  /** What was let in and not acknowledged: also what a reader has, and works on. */
  readonly held: Amount & { bytes: number } = { batches: 0, logs: 0, bytes: 0 };

  readonly #options: SpoolBufferOptions;
  readonly #logger: Logger;
  #opened: Promise<Spool> | undefined;
  #spool: Spool | undefined;
  readonly #unstored = new Unstored();
  readonly #storing = new Set<Promise<void>>();
  /** Held back: while there is no room (`batch` is not let in yet), or the disk is slow (it is). */
  #waiting: { batch: LogBatch | undefined; callback: Callback } | undefined;
  #isStoreDue = false;
  readonly #ahead = new ReadAhead(
    // What is handed out can be acknowledged: more than can be noted would come back after a kill.
    () => (this.#closing || this.#removals.out + READ_AHEAD > TAKEN_SLOTS ? undefined : this.#spool),
    ({ id, tag, count, raw }) => this.push(this.#removals.handOut(new LogBatch(tag, count, raw), id)),
    (error) => this.#failed(error),
  );
  readonly #removals = new Removals<LogBatch>(
    (ids) => (this.#spool as Spool).remove(ids),
    () => this.#ahead.run(),
    (error) => this.#failed(error),
  );
  #retry: NodeJS.Timeout | undefined;
  #refusing = false;
  #closing = false;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: SpoolBufferOptions, overflow: 'drop' | 'block', logger: Logger) {
    checkSpoolBufferOptions(options);
    checkOptions('spool', { overflow }, { overflow: oneOf('drop', 'block') });
    super({ objectMode: true, readableHighWaterMark: READ_AHEAD, writableHighWaterMark: 1 });
    this.#options = options;
    this.maxBytes = options.maxBytes ?? 256 * 2 ** 20;
    this.overflow = overflow;
    this.#logger = logger;
  }

  /**
   * Opens the spool. Nothing is read or written before. A second call waits for the first one; after a failure
   * it tries again.
   *
   * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED
   */
  async open(): Promise<void> {
    this.#opened ??= Spool.open(this.#options.folder, {
      sync: this.#options.sync,
      logger: this.#logger,
      onLoss: (lost) => this.#lose(lost),
    });
    try {
      const spool = await this.#opened;
      if (this.#spool !== undefined) return;
      this.#spool = spool;
      const { batches, logs, bytes } = spool.size;
      this.#ahead.unread = batches;
      for (const amount of [this.received, this.recovered, this.held]) {
        amount.batches += batches;
        amount.logs += logs;
      }
      this.held.bytes += bytes;
      this.#store();
      this.#ahead.run();
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  /** @returns false while a writer is held back: go on at `drain`. */
  override write(...args: unknown[]): boolean {
    (super.write as (...args: unknown[]) => boolean)(...args);
    return this.#waiting === undefined;
  }

  /**
   * A batch that was read needs not be kept any more. From the end of this turn on, no kill brings it back; or, where
   * it is being written just now, from when that is done.
   */
  ack(batch: LogBatch): void {
    if (!this.#unstored.acknowledge(batch) && !this.#removals.acknowledge(batch)) return;
    this.#letGo({ batches: 1, logs: batch.count, bytes: batch.raw.length });
    this.#admit();
  }

  /** From now on no writer waits: what there is no room for is dropped with the reason `'shutdown'`. */
  shutdown(): void {
    this.#refusing = true;
    this.#admit();
  }

  /** Waits until all that was let in is on disk, and all that was acknowledged is not, and lets go of the spool. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    this.#store();
    while (this.#storing.size > 0) await Promise.all(this.#storing);
    // A reader had it, gave it back, and the disk did not take it.
    for (const batch of this.#unstored.left()) this.#drop(batch);
    this.#removals.run();
    await this.#removals.idle();
    const spool = await this.#opened?.catch(() => undefined);
    await spool?.close();
    this.destroy();
  }

  override _write(batch: LogBatch, _encoding: BufferEncoding, callback: Callback): void {
    const { length } = batch.raw;
    if (this.held.bytes + length > this.maxBytes) {
      if (this.overflow === 'block' && !this.#refusing && length <= this.maxBytes) {
        batch.detach();
        this.#waiting = { batch, callback };
        return;
      }
      this.#count(this.received, batch);
      this.emit('drop', batch, this.#refusing ? 'shutdown' : 'spool_full');
      callback();
      return;
    }
    this.#count(this.received, batch);
    this.#count(this.held, batch);
    this.held.bytes += length;
    this.#takeIn(batch);
    if (this.#unstored.bytes > MAX_PENDING_BYTES && !this.#refusing)
      this.#waiting = { batch: undefined, callback };
    else callback();
  }

  override _read(): void {
    this.#ahead.want();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    clearTimeout(this.#retry);
    callback(error);
  }

  #takeIn(batch: LogBatch): void {
    this.#unstored.add(batch, this.#isPassingThrough() ? this.#give : undefined);
    if (this.#isStoreDue) return;
    this.#isStoreDue = true;
    setImmediate(() => this.#store());
  }

  readonly #give = (batch: LogBatch): void => {
    this.push(batch);
    if (this.readableLength > 0) batch.detach();
  };

  /** A reader waits, and has all that there was. */
  #isPassingThrough(): boolean {
    return (
      this.readableFlowing === true &&
      this.readableLength === 0 &&
      this.#unstored.unread + this.#ahead.unread === 0 &&
      this.#spool !== undefined &&
      !this.#ahead.isReading &&
      this.#removals.out + this.#unstored.read < TAKEN_SLOTS
    );
  }

  /**
   * Writes what is pending, all that has come meanwhile at a time. A second group waits in the spool while a
   * first one is being written, so that the disk has always something to do.
   */
  #store(): void {
    this.#isStoreDue = false;
    const spool = this.#spool;
    if (spool === undefined || this.#storing.size === MAX_STORING) return;
    const group = this.#unstored.take();
    if (group.length === 0) return;
    const stored = spool
      .append(group.map(({ batch }) => batch))
      .then(
        (first) => this.#handOn(spool, group, first),
        (error) => {
          for (const batch of this.#unstored.failed(group)) this.#drop(batch, error);
        },
      )
      .finally(() => {
        this.#storing.delete(stored);
        this.#store();
        this.#admit();
      });
    this.#storing.add(stored);
  }

  #drop(batch: LogBatch, error?: unknown): void {
    this.#letGo({ batches: 1, logs: batch.count, bytes: batch.raw.length });
    this.emit('drop', batch, 'spool_full', error);
  }

  /** It is on disk by now. A reader that has read all there was gets the rest of it without reading it there. */
  #handOn(spool: Spool, group: readonly Fresh[], first: number): void {
    let isBehind = this.#ahead.unread > 0 || this.#ahead.isReading;
    for (const [i, fresh] of group.entries()) {
      const { batch, state } = fresh;
      this.#unstored.stored(fresh);
      if (state === 'unread') {
        isBehind ||= this.readableLength >= READ_AHEAD || this.#removals.out >= TAKEN_SLOTS;
        isBehind ||= !spool.skip(first + i, batch);
        this.#ahead.unread += isBehind ? 1 : 0;
        if (isBehind) continue;
      } else {
        spool.skip(first + i, batch);
      }
      this.#removals.handOut(batch, first + i);
      if (state === 'unread') this.#give(batch);
      else if (state === 'done') this.#removals.acknowledge(batch);
    }
    this.#ahead.run();
  }

  /** Gone from the disk before anybody read it. */
  #lose(lost: Readonly<Amount & { bytes: number }>): void {
    this.#ahead.unread = Math.max(0, this.#ahead.unread - lost.batches);
    this.#letGo(lost);
    this.emit('loss', lost);
    this.#admit();
  }

  #letGo({ batches, logs, bytes }: Readonly<Amount & { bytes: number }>): void {
    this.held.batches -= batches;
    this.held.logs -= logs;
    this.held.bytes -= bytes;
  }

  /** What failed is tried again in a while. */
  #failed(error: unknown): void {
    if (this.#closing) return;
    this.emit('failure', error);
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#removals.run();
      this.#ahead.run();
    }, RETRY_MS);
  }

  /** Lets go of the writer that is held back, if it need not be any more. Those behind it follow on their own. */
  #admit(): void {
    if (this.#waiting === undefined) return;
    const { batch, callback } = this.#waiting;
    if (batch === undefined) {
      if (this.#unstored.bytes > MAX_PENDING_BYTES && !this.#refusing) return;
      this.#waiting = undefined;
      callback();
    } else if (this.#refusing || this.held.bytes + batch.raw.length <= this.maxBytes) {
      this.#waiting = undefined;
      this._write(batch, 'utf8', callback);
    }
  }

  #count(amount: Amount, batch: LogBatch): void {
    amount.batches += 1;
    amount.logs += batch.count;
  }
}
