import { silent } from '../../lib/logger.js';
import type { Disk } from '../../lib/spool/disk.js';
import type { Lock } from '../../lib/spool/lock.js';
import { SpoolQueue } from '../../lib/spool/queue.js';
import { type Entry, grow, HEADER, type SpoolBatch } from '../../lib/spool/record.js';
import { segmentLimits } from '../../lib/spool/segment.js';
import { random } from './cuts.js';
import { NO_FAULTS, SimulatedDisk } from './simulated-disk.js';

const FOLDER = '/spool';
const MAX_OPEN_ATTEMPTS = 20;

/** What the model knows of a batch. */
interface Known extends SpoolBatch {
  readonly n: number;
  readonly raw: Buffer;
  /** Once it is stored. */
  id?: number;
  isAcknowledged: boolean;
  /** It was acknowledged, and that may have been lost in a power failure. */
  mayReturn: boolean;
  /** It was stored, and that may have been lost in a power failure. */
  mayBeMissing: boolean;
  /** How many processes ended while they processed it, after they had marked it. */
  deaths: number;
  /** In how many of these the mark was on disk for certain. */
  marked: number;
}

/**
 * Runs a queue on a simulated disk through the lives of a few processes, and compares it with a plain array. All of it
 * follows from the seed.
 *
 * @param Queue The class to be tested.
 * @throws what is wrong, with the seed.
 */
export async function simulate(seed: number, Queue: typeof SpoolQueue = SpoolQueue): Promise<void> {
  try {
    await new Simulation(seed, Queue).run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}

class Simulation {
  readonly #Queue: typeof SpoolQueue;
  readonly #next: () => number;
  readonly #disk: SimulatedDisk;
  #process: Disk;
  readonly #sync: boolean;
  readonly #maxBytes: number;
  readonly #batches: Known[] = [];
  readonly #missingIds = new Set<number>();
  readonly #quarantined = new Set<number>();
  readonly #flips = new Set<string>();
  /** The number of the batch that ends each process that processes it; -1 for none. */
  readonly #poison: number;
  #hasFaults = false;
  #hasDamage = false;
  #queue: SpoolQueue | undefined;
  /** What the current process has, and has not acknowledged. */
  #handed: Known[] = [];
  #acknowledged: Known[] = [];
  /** What the current process acknowledged. */
  readonly #finished = new Set<Known>();
  #lastId = -1;
  #life = 0;
  #error: Error | undefined;

  constructor(seed: number, Queue: typeof SpoolQueue) {
    this.#Queue = Queue;
    this.#next = random(seed);
    this.#disk = new SimulatedDisk(this.#next);
    this.#process = this.#disk;
    this.#sync = this.#chance(0.4);
    this.#maxBytes = this.#chance(0.5) ? 16_384 : 65_536;
    this.#poison = this.#chance(0.2) ? this.#below(6) : -1;
  }

  async run(): Promise<void> {
    const isPoisoned = this.#poison >= 0;
    // Whether nothing else happens than that a batch ends processes.
    const isCalm = isPoisoned && this.#chance(0.5);
    for (let lives = (isPoisoned ? 4 : 1) + this.#below(5); lives > 0; lives--) {
      const isFaulty = !isCalm && this.#chance(0.4);
      const faults = isFaulty
        ? { fails: this.#next() ** 3 * 0.2, short: this.#next() ** 2 * 0.3 }
        : NO_FAULTS;
      this.#disk.capacity =
        !isCalm && this.#chance(0.15) ? this.#disk.bytes + this.#below(20_000) : Number.POSITIVE_INFINITY;
      this.#hasFaults ||= isFaulty || this.#disk.capacity < Number.POSITIVE_INFINITY;
      this.#process = this.#disk.start(
        this.#chance(0.7) ? 1 + this.#below(400) : Number.POSITIVE_INFINITY,
        faults,
      );
      await this.#live(() => this.#act());
      if (!isCalm && this.#chance(0.25)) this.#failPower();
      if (!isCalm && this.#chance(0.3)) this.#flip();
    }
    await this.#settle();
  }

  /** A process from its beginning to its end. */
  async #live(act: () => Promise<void>): Promise<void> {
    this.#life += 1;
    this.#queue = undefined;
    this.#finished.clear();
    this.#acknowledged = [];
    this.#handed = [];
    this.#lastId = -1;
    const life = (async () => {
      try {
        const life = this.#life;
        await this.#open();
        if (life === this.#life) await act();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'STOPPED') this.#error ??= error as Error;
      }
    })();
    await Promise.race([life, this.#disk.stopped]);
    if (this.#error !== undefined) throw this.#error;
  }

  /** One that nothing stops. */
  async #liveInPeace(act: () => Promise<void>): Promise<void> {
    let isOver = false;
    this.#process = this.#disk.start(Number.POSITIVE_INFINITY, NO_FAULTS);
    await this.#live(async () => {
      await act();
      isOver = true;
    });
    // A fault of this simulation stopped it once, and what it had not read seemed to be lost.
    if (!isOver) throw new Error('a process was stopped on a disk without faults');
  }

  async #open(): Promise<void> {
    const life = this.#life;
    const isAlive = () => life === this.#life && !this.#disk.isStopped;
    // As in a SpoolHandle, one lock serves for all attempts.
    let lock: Lock | undefined;
    for (let attempts = 1; ; attempts++) {
      lock ??= await this.#process.lock(FOLDER).catch(() => undefined);
      try {
        if (lock === undefined) throw new Error('the disk fails');
        const queue = await this.#Queue.open(lock, {
          disk: this.#process,
          folder: FOLDER,
          maxBytes: this.#maxBytes,
          sync: this.#sync,
          logger: silent,
          // What a stopped process would say is not said.
          onLoss: (_lost, { first, last }) => isAlive() && this.#onLoss(first, last),
          onQuarantine: (entry) => isAlive() && this.#onQuarantine(entry),
          onFailure: () => undefined,
          onSpace: () => undefined,
          onRecount: () => undefined,
        });
        if (!isAlive()) throw new Error('it was stopped meanwhile');
        this.#queue = queue;
        return;
      } catch (error) {
        if (!isAlive()) throw Object.assign(new Error(), { code: 'STOPPED' });
        if (attempts === MAX_OPEN_ATTEMPTS) throw error;
        if (attempts === MAX_OPEN_ATTEMPTS / 2) this.#disk.faults = NO_FAULTS;
      }
    }
  }

  async #act(): Promise<void> {
    const life = this.#life;
    const limit = this.#limit();
    for (let steps = this.#below(60); steps > 0; steps--) {
      // What a stopped process would do next.
      if (life !== this.#life || this.#disk.isStopped) return;
      const chance = this.#next();
      if (chance < 0.35) await this.#append();
      else if (chance < 0.6) await this.#read();
      else if (chance < 0.67) await Promise.all([this.#append(false), this.#read()]);
      else if (chance < 0.7) await Promise.all([this.#append(), this.#acknowledgeSoon()]);
      else if (chance < 0.72) await this.#catchUp();
      else this.#acknowledge();
      await this.#endTurn();
      if (life !== this.#life || this.#disk.isStopped) return;
      if (this.#disk.bytes > limit)
        throw new Error(`the limit is ${limit}, and the disk has ${this.#disk.bytes} bytes`);
    }
    if (this.#chance(0.4)) await this.#close();
  }

  /** How many bytes the disk may have. */
  #limit(): number {
    const { bytes, batches } = segmentLimits(this.#maxBytes);
    const limit = this.#maxBytes + bytes;
    if (!this.#hasDamage) return limit;
    // A power failure may bring back any file that was deleted. Then nothing is appended; but what is damaged is
    // copied, up to a tenth, and missing `.acked` files are written again.
    return Math.max(limit, this.#disk.bytes + this.#maxBytes / 10 + batches * this.#disk.files().size);
  }

  /** What was acknowledged is written then. */
  async #endTurn(): Promise<void> {
    await undefined;
    for (const batch of this.#acknowledged.splice(0))
      batch.mayReturn = this.#disk.isStopped || this.#hasFaults;
  }

  async #append(keepsUp = this.#chance(0.5)): Promise<void> {
    const queue = this.#queue as SpoolQueue;
    let batches = Array.from({ length: 1 + this.#below(6) }, () => this.#batch());
    const bytes = batches.reduce((sum, { raw }) => sum + HEADER + raw.length, 0);
    if (queue.size.bytes + bytes > this.#maxBytes || queue.space < bytes) return;
    this.#batches.push(...batches);
    const life = this.#life;
    const onStored = (first: number, n: number) => {
      if (life !== this.#life) return;
      for (const [i, batch] of batches.slice(0, n).entries()) {
        batch.id = first + i;
        batch.mayBeMissing = !this.#sync;
        if (keepsUp && queue.skip(first + i, batch)) {
          this.#handed.push(batch);
          this.#lastId = first + i;
        }
      }
      batches = batches.slice(n);
    };
    while (batches.length > 0) {
      try {
        await queue.append(batches, onStored);
      } catch (error) {
        if (!this.#hasFaults && life === this.#life) throw error;
        return;
      }
    }
  }

  #batch(): Known {
    const n = this.#batches.length + this.#below(1_000_000) * 1000;
    const raw = Buffer.alloc(4 + (this.#chance(0.1) ? this.#below(3000) : this.#below(200)), n % 251);
    raw.writeUInt32BE(n);
    const known = { n, tag: 1 + (n % 2), count: n % 11, raw, deaths: 0, marked: 0 };
    return { ...known, isAcknowledged: false, mayReturn: false, mayBeMissing: true };
  }

  async #read(): Promise<boolean> {
    const life = this.#life;
    const entries = await (this.#queue as SpoolQueue).read();
    if (life !== this.#life) return false;
    for (const entry of entries) {
      const batch = this.#identify(entry);
      if (batch.isAcknowledged && !batch.mayReturn)
        throw new Error(`batch ${batch.id} was acknowledged, and is back`);
      if (entry.id <= this.#lastId) throw new Error(`batch ${entry.id} comes after ${this.#lastId}`);
      if (!this.#hasFaults && !this.#hasDamage && batch.marked >= 2)
        throw new Error(`batch ${batch.id} is not set aside`);
      this.#lastId = entry.id;
      batch.isAcknowledged = false;
      this.#handed.push(batch);
    }
    return entries.length > 0;
  }

  /** The batch of an entry, which must be just that. */
  #identify({ id, tag, count, raw }: Entry): Known {
    const batch =
      raw.length >= 4 && this.#batches.find((known) => known.raw.equals(raw) && (known.id ?? id) === id);
    if (!batch || batch.tag !== tag || batch.count !== count)
      throw new Error(`batch ${id} is not one that was appended`);
    batch.id = id;
    return batch;
  }

  /** Everything is read, and then acknowledged while a batch comes: the last segment may be replaced. */
  async #catchUp(): Promise<void> {
    const life = this.#life;
    while (life === this.#life && !this.#disk.isStopped && (await this.#read()));
    if (life === this.#life && !this.#disk.isStopped)
      await Promise.all([this.#append(), this.#acknowledgeSoon(20)]);
  }

  /** A few times, while something else is under way. */
  async #acknowledgeSoon(times = 1): Promise<void> {
    const life = this.#life;
    for (let turns = this.#below(4); turns > 0; turns--) await undefined;
    for (let n = times; n > 0 && life === this.#life && !this.#disk.isStopped; n--) this.#acknowledge();
  }

  /** Processes and acknowledges a few batches, mostly the oldest ones. */
  #acknowledge(): void {
    const queue = this.#queue as SpoolQueue;
    for (let n = this.#below(8); n > 0 && this.#handed.length > 0; n--) {
      const i = this.#chance(0.7) ? 0 : this.#below(this.#handed.length);
      const batch = this.#handed[i] as Known;
      const isPoison = this.#batches.indexOf(batch) === this.#poison;
      if (queue.isSuspicious) {
        queue.mark(batch.id as number);
        if (isPoison && !this.#disk.isStopped) {
          batch.marked += 1;
          this.#disk.kill();
        }
        queue.unmark(batch.id as number);
        // Killed before the mark was cleared on disk: nothing tells any more that the batch is innocent.
        if (this.#disk.isStopped) batch.deaths += 1;
      } else if (isPoison) {
        this.#disk.kill();
      }
      if (this.#disk.isStopped) return;
      // Its answer is awaited.
      if (this.#chance(0.3)) continue;
      this.#handed.splice(i, 1);
      queue.finish(batch.id as number, batch);
      batch.isAcknowledged = true;
      // Until this turn is over, and the acknowledgement is written.
      batch.mayReturn = true;
      this.#acknowledged.push(batch);
      this.#finished.add(batch);
    }
  }

  async #close(): Promise<void> {
    const life = this.#life;
    await this.#queue?.close();
    // A process that was stopped while it closed its queue must not end the one after it.
    if (life !== this.#life) return;
    if (!this.#disk.isStopped && !this.#hasFaults)
      for (const batch of this.#finished) batch.mayReturn = false;
    this.#disk.kill();
  }

  #failPower(): void {
    this.#hasDamage = true;
    this.#disk.failPower();
    for (const batch of this.#batches) {
      batch.mayReturn = true;
      // A mark from before a power failure does not count.
      batch.deaths = 0;
      batch.marked = 0;
      if (!this.#sync) batch.mayBeMissing = true;
    }
  }

  #flip(): void {
    for (let n = 1 + this.#below(3); n > 0; n--) {
      const flip = this.#disk.flipBit(this.#chance(0.3) ? /\.acked$/ : /^\/spool\/\d+\.log$/);
      if (flip === undefined) continue;
      this.#hasDamage = true;
      const key = `${flip.path} ${flip.at}`;
      // Two flipped bits of one byte cannot be corrected.
      if (this.#flips.has(key)) for (const batch of this.#batches) batch.mayReturn = true;
      this.#flips.add(key);
    }
  }

  #onLoss(first: number, last: number): void {
    if (!this.#hasDamage)
      this.#error ??= new Error(`ids ${first} to ${last} are reported missing, and nothing was damaged`);
    for (let id = first; id <= last; id++) this.#missingIds.add(id);
  }

  #onQuarantine(entry: Entry): void {
    const batch = this.#identify(entry);
    if (batch.deaths < 2 && ![...this.#flips].some((flip) => flip.includes('.acked')))
      this.#error ??= new Error(`batch ${batch.id} is set aside after ${batch.deaths} deaths`);
    this.#quarantined.add(batch.n);
  }

  /** The disk is well again: everything that was stored must come, or must have been reported. */
  async #settle(): Promise<void> {
    this.#disk.capacity = Number.POSITIVE_INFINITY;
    const delivered = new Set<Known>();
    await this.#liveInPeace(async () => {
      while (await this.#read());
      const queue = this.#queue as SpoolQueue;
      const handed = { batches: 0, logs: 0, bytes: 0 };
      for (const { count, raw } of this.#handed)
        grow(handed, { batches: 1, logs: count, bytes: HEADER + raw.length }, 1);
      const [actual, expected] = [queue.size, handed].map((size) => JSON.stringify(size));
      if (!this.#hasDamage && actual !== expected)
        throw new Error(`the queue says that ${actual} are left, and it is ${expected}`);
      for (const batch of this.#handed) {
        delivered.add(batch);
        queue.finish(batch.id as number, batch);
      }
      await undefined;
      const { batches, logs, bytes } = queue.size;
      if (batches !== 0 || logs !== 0 || bytes !== 0) {
        throw new Error(`all is acknowledged, and ${batches} batches, ${logs} logs, ${bytes} bytes are left`);
      }
    });
    for (const batch of this.#batches) {
      if (batch.id === undefined || batch.isAcknowledged || delivered.has(batch) || batch.mayBeMissing)
        continue;
      if (!this.#missingIds.has(batch.id) && !this.#quarantined.has(batch.n)) {
        throw new Error(`batch ${batch.id} is missing, and nobody was told`);
      }
    }
    await this.#liveInPeace(async () => {
      const [entry] = await (this.#queue as SpoolQueue).read();
      if (entry !== undefined) throw new Error(`batch ${entry.id} is back after the end`);
    });
  }

  #chance(probability: number): boolean {
    return this.#next() < probability;
  }

  #below(n: number): number {
    return Math.floor(this.#next() * n);
  }
}
