import { randomInt } from 'node:crypto';
import { codeOf } from './files.js';
import type { SpoolFolder } from './folder.js';
import { encodeRecord, grow, HEADER, NOTHING, type Size, type SpoolBatch } from './record.js';
import { Segment } from './segment.js';

/** Bytes that are written at once. */
const MAX_WRITE = 1 << 20;
/** Once all is delivered, a larger segment is not continued. */
const IDLE_BYTES = 1 << 20;

/** The end of a spool: writes records to the last segment, and begins the next one when it is full. */
export class Tail {
  /** The segment that is appended to; undefined if the disk did not let this process begin one yet. */
  segment: Segment | undefined;
  /** The id of the next batch. */
  next = 0;
  /** The total of everything that has been appended, without headers. */
  totals: Readonly<Size> = NOTHING;
  readonly #folder: SpoolFolder;
  #buffer = Buffer.alloc(0);
  /** Ends when what is under way ends. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: SpoolFolder) {
    this.#folder = folder;
  }

  /**
   * Begins a segment, if the disk lets it: without a descriptor later, batches can be appended all the same. Otherwise
   * the next append tries it again.
   */
  async begin(): Promise<void> {
    await this.#roll().catch(this.#folder.patience.onFailure);
  }

  /** Nothing is appended meanwhile. */
  exclusively<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Stores as many of the batches as fit into one segment and one write, at least one.
   *
   * @param onStored Called when they are stored, before anything else can run: how much they add, with headers.
   * @throws the errors of the file system; then none of them is stored.
   */
  append(
    batches: readonly SpoolBatch[],
    onStored: (segment: Segment, first: number, size: Size) => void,
  ): Promise<void> {
    return this.exclusively(async () => {
      const { disk, folder, sync } = this.#folder.options;
      const segment = await this.#roomFor(HEADER + (batches[0] as SpoolBatch).raw.length);
      const { n, length, totals } = this.#encode(segment, batches);
      await segment.write(this.#buffer.subarray(0, length), sync, async () => {
        await this.#folder.restore(segment, segment.size + length);
        if (sync && !segment.isNamed) await disk.syncFolder(folder);
        segment.isNamed = true;
      });
      const size = { batches: n, logs: totals.logs - this.totals.logs, bytes: length };
      const first = this.next;
      segment.size += length;
      segment.end += n;
      this.next += n;
      this.totals = totals;
      onStored(segment, first, size);
    });
  }

  /** Once all is delivered, a large last segment is replaced by an empty one. */
  async retire(): Promise<void> {
    if (!this.canRetire) return;
    await this.exclusively(async () => {
      if (!this.canRetire) return;
      this.segment?.leave();
      this.segment = undefined;
      await this.begin();
    });
  }

  /** Whether the last segment is worth to be replaced. */
  get canRetire(): boolean {
    const limit = Math.min(IDLE_BYTES, this.#folder.limits.bytes / 8);
    return this.segment?.left === 0 && this.segment.size > limit;
  }

  async #roll(): Promise<Segment> {
    const { segments, patience, options, limits } = this.#folder;
    await this.#folder.hold();
    const segment = new Segment(patience, options.folder, this.next);
    try {
      segment.create(limits.batches);
      this.#folder.isShortOfSpace = false;
    } catch (error) {
      this.#folder.isShortOfSpace = ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
      throw error;
    }
    segment.key = randomInt(2 ** 24);
    segment.before = this.totals;
    const last = segments.at(-1);
    // An empty segment had the same name.
    if (last?.first === segment.first) segments.pop()?.close();
    else if (last !== undefined) last.after = this.totals;
    segments.push(segment);
    this.segment?.leave();
    this.segment = segment;
    return segment;
  }

  async #roomFor(length: number): Promise<Segment> {
    const { segment } = this;
    const isUsable =
      segment !== undefined && !segment.isBroken && segment.end - segment.first < segment.acks.capacity;
    if (isUsable && (segment.size === 0 || segment.size + length <= this.#folder.limits.bytes))
      return segment;
    try {
      return await this.#roll();
    } catch (error) {
      // Without a descriptor for the next segment, this one can become larger.
      if (!isUsable) throw error;
      this.#folder.patience.onFailure(error);
      return segment;
    }
  }

  #encode(segment: Segment, batches: readonly SpoolBatch[]): { n: number; length: number; totals: Size } {
    const first = HEADER + (batches[0] as SpoolBatch).raw.length;
    const room = Math.max(first, Math.min(this.#folder.limits.bytes - segment.size, MAX_WRITE));
    if (this.#buffer.length < room) this.#buffer = Buffer.allocUnsafeSlow(room);
    const limit = segment.acks.capacity - (segment.end - segment.first);
    const time = this.#folder.options.disk.now();
    const { key = 0 } = segment;
    const totals = { ...this.totals };
    let [n, length] = [0, 0];
    for (const batch of batches.slice(0, limit)) {
      if (length + HEADER + batch.raw.length > room) break;
      const header = { id: this.next + n, time, before: totals, key };
      length = encodeRecord(this.#buffer, length, batch, header);
      grow(totals, { batches: 1, logs: batch.count, bytes: batch.raw.length }, 1);
      n += 1;
    }
    return { n, length, totals };
  }
}
