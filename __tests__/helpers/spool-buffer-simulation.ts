import { setImmediate as turn } from 'node:timers/promises';
import { Forwarder, LogBatch } from '../../lib/index.js';
import { silent } from '../../lib/logger.js';
import type { Disk } from '../../lib/spool/disk.js';
import { SpoolBuffer } from '../../lib/spool/index.js';
import { HEADER } from '../../lib/spool/record.js';
import { segmentLimits } from '../../lib/spool/segment.js';
import { SharedFolder } from '../../lib/spool/shared-folder.js';
import { random } from './cuts.js';
import { NO_FAULTS, SimulatedDisk } from './simulated-disk.js';

const FOLDER = '/spool';
const READ_MS = 5000;

/** What the model knows of a batch. */
interface Known {
  readonly n: number;
  readonly raw: Buffer;
  /** Which life it was written in, and whether it is in the hands of that life still. */
  life: number;
  isAcknowledged: boolean;
  /** It was acknowledged, and the disk may have failed to write that down, or lost it in a power failure. */
  mayReturn: boolean;
  /** It is not stored for certain. */
  mayBeMissing: boolean;
  /** It was dropped, and that was told. */
  isDropped: boolean;
}

/**
 * Runs a SpoolBuffer on a simulated disk through the lives of a few processes: written to, read or forwarded, killed or
 * closed. Compares it with a plain array. All of it follows from the seed. With several reporters, each has a buffer in the
 * same folder, and each process names them in another order.
 *
 * @throws what is wrong, with the seed.
 */
export async function simulateBuffer(seed: number, reporters: readonly string[] = ['main']): Promise<void> {
  try {
    await new Simulation(seed, reporters).run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}

class Simulation {
  readonly #next: () => number;
  readonly #disk: SimulatedDisk;
  readonly #sync: boolean;
  readonly #maxBytes: number;
  readonly #overflow: 'drop' | 'block';
  /** The batches for each reporter. */
  readonly #batches: ReadonlyMap<string, Map<number, Known>>;
  /** Bytes that were accepted before it was known what the folder contains. */
  #early = 0;
  #hasFaults = false;
  #hasDamage = false;
  #life = 0;
  #error: Error | undefined;

  constructor(seed: number, reporters: readonly string[]) {
    this.#batches = new Map(reporters.map((name) => [name, new Map()]));
    this.#next = random(seed);
    this.#disk = new SimulatedDisk(this.#next);
    this.#sync = this.#chance(0.3);
    this.#maxBytes = this.#chance(0.5) ? 16_384 : 65_536;
    this.#overflow = this.#chance(0.5) ? 'drop' : 'block';
  }

  async run(): Promise<void> {
    for (let lives = 1 + this.#below(5); lives > 0; lives--) {
      const isFaulty = this.#chance(0.4);
      this.#hasFaults ||= isFaulty;
      const faults = { fails: this.#next() ** 3 * 0.2, short: this.#next() ** 2 * 0.3 };
      const operations = this.#chance(0.6) ? 1 + this.#below(400) : Number.POSITIVE_INFINITY;
      await this.#live(operations, isFaulty ? faults : NO_FAULTS, (life) => life.act(5 + this.#below(40)));
      if (this.#chance(0.2)) this.#failPower();
    }
    await this.#live(Number.POSITIVE_INFINITY, NO_FAULTS, (life) => life.readAll());
    const missing = this.#known.filter(
      (known) => !known.isAcknowledged && !known.mayBeMissing && !known.isDropped,
    );
    if (missing.length > 0) throw new Error(`batch ${missing[0]?.n} is missing, and nobody was told`);
    await this.#live(Number.POSITIVE_INFINITY, NO_FAULTS, async (life) => {
      await life.readAll();
      if (life.read > 0) throw new Error('batches are back after the end');
    });
  }

  get #known(): Known[] {
    return [...this.#batches.values()].flatMap((batches) => [...batches.values()]);
  }

  async #live(
    operations: number,
    faults: typeof NO_FAULTS,
    act: (life: Life) => Promise<void>,
  ): Promise<void> {
    this.#life += 1;
    const number = this.#life;
    const disk = this.#disk.start(operations, faults);
    const world = {
      isOver: () => this.#disk.isStopped || number !== this.#life,
      hasFaults: () => this.#hasFaults,
      hasDamage: () => this.#hasDamage,
    };
    const lives = this.#buffers(disk).map(
      ([name, buffer]) =>
        new Life(buffer, number, this.#next, this.#batches.get(name) as Map<number, Known>, world),
    );
    const lived = Promise.all(lives.map(act)).catch((error) => {
      if (!world.isOver()) this.#error ??= error;
    });
    await Promise.race([lived, this.#disk.stopped]);
    this.#insistOnLives(lives);
    for (const { early } of lives) this.#early += early;
    this.#insistOnLimit();
    if (!this.#disk.isStopped && this.#chance(0.5)) {
      await Promise.race([Promise.all(lives.map((life) => life.close())), this.#disk.stopped]);
    }
    this.#disk.kill();
    this.#insistOnLives(lives);
  }

  #insistOnLives(lives: readonly Life[]): void {
    this.#error ??= lives.find(({ error }) => error !== undefined)?.error;
    if (this.#error !== undefined) throw this.#error;
  }

  /** A buffer for each reporter; none if the process ends because it cannot find out where they are. */
  #buffers(disk: Disk): [string, SpoolBuffer][] {
    const options = { folder: FOLDER, maxBytes: this.#maxBytes, sync: this.#sync };
    const names = [...this.#batches.keys()];
    const [only] = names;
    if (names.length === 1) return [[only as string, new SpoolBuffer(options, this.#overflow, silent, disk)]];
    if (this.#chance(0.5)) names.reverse();
    try {
      const shared = new SharedFolder(options, names, this.#overflow, silent, disk);
      return names.map((name) => [name, shared.buffer(name, silent)]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (this.#disk.isStopped || (this.#hasFaults && code === 'ERR_SPOOL_FAILED')) return [];
      throw error;
    }
  }

  /** The files of all reporters together stay within the limit, to within one segment of each. */
  #insistOnLimit(): void {
    if (this.#hasDamage) return;
    const n = this.#batches.size;
    const limit = this.#maxBytes + this.#early + n * segmentLimits(Math.floor(this.#maxBytes / n)).bytes;
    const { bytes } = this.#disk;
    if (bytes > limit) throw new Error(`the limit is ${limit}, and the disk has ${bytes} bytes`);
  }

  #failPower(): void {
    this.#hasDamage = true;
    this.#disk.failPower();
    for (const known of this.#known) {
      known.mayReturn = true;
      known.mayBeMissing ||= !this.#sync;
    }
  }

  #chance(probability: number): boolean {
    return this.#next() < probability;
  }

  #below(n: number): number {
    return Math.floor(this.#next() * n);
  }
}

interface World {
  /** Whether the process is stopped. */
  isOver(): boolean;
  hasFaults(): boolean;
  hasDamage(): boolean;
}

/** One process. */
class Life {
  readonly number: number;
  /** How many batches it read. */
  read = 0;
  error: Error | undefined;
  /** Bytes that were written before it was open. */
  early = 0;
  #isOpen = false;
  readonly #buffer: SpoolBuffer;
  readonly #next: () => number;
  readonly #batches: Map<number, Known>;
  readonly #world: World;
  readonly #opened: Promise<void>;
  readonly #handed: LogBatch[] = [];
  #isForwarding = false;
  #last = -1;
  #gone = { batches: 0, logs: 0 };

  constructor(
    buffer: SpoolBuffer,
    number: number,
    next: () => number,
    batches: Map<number, Known>,
    world: World,
  ) {
    this.#buffer = buffer;
    this.number = number;
    this.#next = next;
    this.#batches = batches;
    this.#world = world;
    this.#opened = buffer.open();
    this.#opened.then(
      () => {
        this.#isOpen = true;
      },
      () => undefined,
    );
    buffer.on('drop', (batch: LogBatch) => world.isOver() || this.#onDrop(batch));
    buffer.on('loss', (lost) => world.isOver() || this.#onLoss(lost));
  }

  get isOver(): boolean {
    return this.#world.isOver();
  }

  async act(steps: number): Promise<void> {
    // It is also written to before it is open.
    if (this.#chance(0.7)) await this.#opened;
    if (this.#chance(0.4)) this.#forward();
    for (let left = steps; left > 0 && !this.#world.isOver(); left--) {
      const chance = this.#next();
      if (chance < 0.4) for (let n = 1 + this.#below(6); n > 0; n--) this.#write();
      else if (chance < 0.7 && !this.#isForwarding) this.#readSome(1 + this.#below(10));
      else if (chance < 0.9) this.#acknowledge(this.#below(8));
      if (this.#chance(0.5)) await turn();
      this.#check();
    }
    if (this.#world.isOver() || !this.#chance(0.5)) return;
    await this.#opened;
    await this.#settle();
  }

  /** Everything that is there is read and acknowledged. */
  async readAll(): Promise<void> {
    await this.#opened;
    const deadline = Date.now() + READ_MS;
    for (;;) {
      this.#readSome(Number.POSITIVE_INFINITY);
      if (this.#handed.length === this.#buffer.held.batches) break;
      if (Date.now() > deadline)
        throw new Error(`${this.#buffer.held.batches} are held, and ${this.read} came`);
      await turn();
    }
    this.#check();
    this.#acknowledge(Number.POSITIVE_INFINITY);
    const { batches, logs, bytes } = this.#buffer.held;
    if (batches !== 0 || logs !== 0 || bytes !== 0)
      throw new Error(`all is acknowledged, and ${batches} batches, ${logs} logs, ${bytes} bytes are held`);
    await this.close();
  }

  async close(): Promise<void> {
    this.#buffer.shutdown();
    await this.#buffer.close();
    if (this.#world.isOver()) return;
    this.#check();
    // What was not dropped is on disk.
    for (const known of this.#batches.values()) if (known.life === this.number) known.mayBeMissing = false;
  }

  #forward(): void {
    this.#isForwarding = true;
    const reporter = this.#buffer.guard({
      report: async (batch) => {
        if (this.#world.isOver()) return;
        this.#take(batch, false);
        for (let turns = this.#below(3); turns > 0; turns--) await turn();
        if (this.#chance(0.1)) throw new Error('it is down');
      },
    });
    const forwarder = new Forwarder(reporter, { concurrency: 1 + this.#below(4), retry: false });
    const done = (batch: LogBatch) => {
      if (this.#world.isOver()) return;
      this.#buffer.ack(batch);
      this.#acknowledged(batch);
    };
    forwarder.on('forward', done).on('drop', done);
    this.#buffer.pipe(forwarder, { end: false });
  }

  #write(): void {
    const n = this.#batches.size;
    const raw = Buffer.alloc(4 + (this.#chance(0.1) ? this.#below(3000) : this.#below(200)), n % 251);
    raw.writeUInt32BE(n);
    if (!this.#isOpen) this.early += HEADER + raw.length;
    this.#batches.set(n, {
      ...{ n, raw, life: this.number },
      ...{ isAcknowledged: false, mayReturn: false, mayBeMissing: true, isDropped: false },
    });
    this.#buffer.write(new LogBatch(1 + (n % 2), n % 11, Buffer.from(raw)));
  }

  #readSome(n: number): void {
    for (let left = n; left > 0; left--) {
      const batch = this.#buffer.read() as LogBatch | null;
      if (batch === null) return;
      this.#take(batch, true);
    }
  }

  /** A batch came: it must be one that may come now. */
  #take(batch: LogBatch, isKept: boolean): void {
    const { raw, tag, count } = batch;
    const known = this.#batches.get(raw.length >= 4 ? raw.readUInt32BE() : -1);
    if (!known?.raw.equals(raw) || tag !== 1 + (known.n % 2) || count !== known.n % 11)
      throw this.#wrong('a batch is not one that was written');
    if (known.isAcknowledged && !known.mayReturn)
      throw this.#wrong(`batch ${known.n} was acknowledged, and is back`);
    // A full disk may have cost the last name, and a power failure may bring back segments that were deleted.
    const isOrdered = !this.#world.hasFaults() || !this.#world.hasDamage();
    if (isOrdered && known.n <= this.#last) throw this.#wrong(`batch ${known.n} comes after ${this.#last}`);
    this.#last = known.n;
    this.read += 1;
    known.isAcknowledged = false;
    if (isKept) this.#handed.push(batch);
  }

  #acknowledge(n: number): void {
    for (let left = n; left > 0 && this.#handed.length > 0 && !this.#world.isOver(); left--) {
      const [batch] = this.#handed.splice(this.#chance(0.7) ? 0 : this.#below(this.#handed.length), 1);
      this.#buffer.ack(batch as LogBatch);
      this.#acknowledged(batch as LogBatch);
    }
  }

  #acknowledged(batch: LogBatch): void {
    const known = this.#batches.get(batch.raw.readUInt32BE()) as Known;
    this.#leave(batch);
    known.isAcknowledged = true;
    // Stopped while it was written, or not able to write: nothing promises anything then.
    known.mayReturn ||= this.#world.hasFaults() || this.#world.isOver();
  }

  #leave({ count }: { count: number }): void {
    this.#gone.batches += 1;
    this.#gone.logs += count;
  }

  #onDrop(batch: LogBatch): void {
    const known = this.#batches.get(batch.raw.readUInt32BE()) as Known;
    this.#leave(batch);
    known.isDropped = true;
  }

  #onLoss({ batches, logs }: { batches: number; logs: number }): void {
    if (!this.#world.hasDamage()) throw this.#wrong(`${batches} batches are reported missing`);
    this.#gone.batches += batches;
    this.#gone.logs += logs;
    for (const known of this.#batches.values()) known.isDropped = true;
  }

  /** What was accepted before is on disk, if the disk does not fail. */
  async #settle(): Promise<void> {
    // Not what a writer still waits with: the other reporter may make room for it at the last moment.
    const written = [...this.#batches.values()].filter(({ life }) => life === this.number);
    const accepted = written.slice(0, written.length - this.#buffer.writableLength);
    for (let turns = 50; turns > 0; turns--) await turn();
    if (this.#world.isOver() || this.#world.hasFaults()) return;
    for (const known of accepted) known.mayBeMissing = false;
  }

  /** What was received is held, or it is gone for a known reason. */
  #check(): void {
    if (this.#world.isOver()) return;
    const { received, held } = this.#buffer;
    const { batches, logs } = this.#gone;
    if (received.batches !== held.batches + batches || received.logs !== held.logs + logs) {
      const text = JSON.stringify({ received, held, gone: this.#gone });
      throw this.#wrong(`the accounts do not balance: ${text}`);
    }
  }

  #wrong(message: string): Error {
    this.error ??= new Error(message);
    return this.error;
  }

  #chance(probability: number): boolean {
    return this.#next() < probability;
  }

  #below(n: number): number {
    return Math.floor(this.#next() * n);
  }
}
