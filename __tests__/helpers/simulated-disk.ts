import { BoundaryLogError } from '../../lib/errors.js';
import type { Disk, DiskFile } from '../../lib/spool/disk.js';
import type { Lock } from '../../lib/spool/lock.js';

/** How likely each fault is, from 0 to 1. */
export interface Faults {
  /** An operation fails, and has no effect; of a write, there may be some. */
  fails: number;
  /** A read or a write is short. */
  short: number;
}

export const NO_FAULTS: Faults = { fails: 0, short: 0 };

const ERRORS = {
  open: ['EMFILE', 'ENFILE', 'EACCES', 'EIO'],
  create: ['EMFILE', 'ENFILE', 'EACCES', 'EROFS', 'ENOSPC', 'EDQUOT'],
  read: ['EIO'],
  write: ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'],
  change: ['EACCES', 'EROFS', 'EIO'],
  sync: ['EIO'],
} as const;

/** A change that a power failure may undo. */
type Change = { at: number; bytes: Buffer } | { length: number };

interface Inode {
  data: Buffer;
  /** What a power failure leaves for sure. */
  durable: Buffer;
  changes: Change[];
  names: number;
}

/**
 * A disk in memory, driven by random numbers. Names and data that were not synced may be lost in a power failure, each
 * on its own. After so many operations the process that uses it is stopped: nothing that it does has an effect, and
 * nothing that it waits for comes.
 */
export class SimulatedDisk implements Disk {
  faults: Faults = NO_FAULTS;
  /** Bytes that fit on it. */
  capacity = Number.POSITIVE_INFINITY;
  /** Operations until the process is stopped. */
  operationsLeft = Number.POSITIVE_INFINITY;
  /** Resolves when the process is stopped. */
  stopped: Promise<void> = Promise.resolve();
  #stop: () => void = () => undefined;
  #generation = 0;
  #time = 1_700_000_000_000;
  readonly #random: () => number;
  readonly #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  #nameChanges: { path: string; inode: Inode | undefined }[] = [];
  /** Of each folder: whether it is locked, and how the last process ended that had it. */
  readonly #locks = new Map<string, { isHeld: boolean; lastEnd: Lock['lastEnd'] }>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A process begins to use it. @returns what that process has of it, and no later one. */
  start(operations: number, faults: Faults): Disk {
    for (const lock of this.#locks.values()) {
      if (lock.isHeld && lock.lastEnd === 'clean') lock.lastEnd = 'crash';
      lock.isHeld = false;
    }
    this.#generation += 1;
    this.operationsLeft = operations;
    this.faults = faults;
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
    const generation = this.#generation;
    return new Proxy(this, {
      get: (disk, name: keyof Disk) => {
        if (generation !== disk.#generation && name === 'wait') return () => new Promise(() => undefined);
        if (generation !== disk.#generation) throw coded('STOPPED');
        return (disk[name] as () => unknown).bind(disk);
      },
    });
  }

  get isStopped(): boolean {
    return this.operationsLeft <= 0;
  }

  /** Stops the process now. */
  kill(): void {
    this.operationsLeft = 0;
    this.#stop();
  }

  /** What was not synced is lost, or not. */
  failPower(): void {
    for (const lock of this.#locks.values()) lock.lastEnd = 'reboot';
    const [names, durable] = [this.#names, this.#durableNames];
    for (const path of new Set(this.#nameChanges.map((change) => change.path))) {
      const changes = this.#nameChanges.filter((change) => change.path === path);
      const kept = changes.slice(0, Math.floor(this.#random() * (changes.length + 1))).at(-1);
      if (kept?.inode !== undefined) durable.set(path, kept.inode);
      else if (kept !== undefined) durable.delete(path);
    }
    this.#nameChanges = [];
    names.clear();
    for (const [path, inode] of durable) names.set(path, inode);
    for (const inode of new Set(durable.values())) {
      let data = inode.durable;
      for (const change of inode.changes) {
        const chance = this.#random();
        if (chance < 0.4) continue;
        if ('bytes' in change && chance < 0.6) {
          const from = Math.floor(this.#random() * change.bytes.length);
          const to = from + Math.floor(this.#random() * (change.bytes.length - from));
          data = applied(data, { at: change.at + from, bytes: change.bytes.subarray(from, to) });
        } else {
          data = applied(data, change);
        }
      }
      Object.assign(inode, { data, durable: Buffer.from(data), changes: [] });
    }
  }

  /** Flips a bit of a file whose path matches. @returns where, if there is such a file with something in it. */
  flipBit(pattern: RegExp): { path: string; at: number } | undefined {
    const files = [...this.#names].filter(([path, { data }]) => pattern.test(path) && data.length > 0);
    const [path, inode] = files[Math.floor(this.#random() * files.length)] ?? [];
    if (path === undefined || inode === undefined) return undefined;
    const at = Math.floor(this.#random() * inode.data.length);
    inode.data = Buffer.from(inode.data);
    inode.data[at] = (inode.data[at] as number) ^ (1 << Math.floor(this.#random() * 8));
    Object.assign(inode, { durable: Buffer.from(inode.data), changes: [] });
    return { path, at };
  }

  /** The content of all files. */
  files(): Map<string, Buffer> {
    return new Map([...this.#names].map(([path, { data }]) => [path, data]));
  }

  get bytes(): number {
    return [...this.#names.values()].reduce((sum, { data }) => sum + data.length, 0);
  }

  makeFolder(): number {
    this.#step('change');
    return 0o700;
  }

  async lock(folder: string): Promise<Lock> {
    await this.#delay();
    this.#step('create');
    const lock = this.#locks.get(folder) ?? { isHeld: false, lastEnd: 'clean' };
    this.#locks.set(folder, lock);
    if (lock.isHeld) throw new BoundaryLogError('ERR_SPOOL_IN_USE', `${folder} is in use`);
    lock.isHeld = true;
    const { lastEnd } = lock;
    if (lastEnd === 'crash') lock.lastEnd = 'clean';
    const generation = this.#generation;
    return {
      lastEnd,
      confirm: () => {
        this.#step('change', generation);
        lock.lastEnd = 'clean';
      },
      isHeld: () => true,
      release: () => {
        if (generation === this.#generation && !this.isStopped) lock.isHeld = false;
      },
    };
  }

  list(folder: string): string[] {
    this.#step('open');
    const names = [...this.#names.keys()].filter((path) => path.startsWith(`${folder}/`));
    return [...new Set(names.map((path) => path.slice(folder.length + 1).split('/')[0] as string))];
  }

  sizeOf(path: string): number {
    this.#step('open');
    return this.#find(path).data.length;
  }

  open(path: string, how: 'read' | 'update' | 'create'): DiskFile {
    this.#step(how === 'create' ? 'create' : 'open');
    let inode: Inode;
    if (how === 'create') {
      const old = this.#names.get(path);
      if (old !== undefined) old.names -= 1;
      inode = { data: Buffer.alloc(0), durable: Buffer.alloc(0), changes: [], names: 1 };
      this.#name(path, inode);
    } else {
      inode = this.#find(path);
    }
    return this.#file(inode);
  }

  remove(path: string): void {
    this.#step('change');
    this.#find(path).names -= 1;
    this.#name(path, undefined);
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#delay();
    this.#step('sync');
    for (const { path, inode } of this.#nameChanges) {
      if (!path.startsWith(`${folder}/`)) continue;
      if (inode === undefined) this.#durableNames.delete(path);
      else this.#durableNames.set(path, inode);
    }
    this.#nameChanges = this.#nameChanges.filter(({ path }) => !path.startsWith(`${folder}/`));
  }

  now(): number {
    this.#time += 1;
    return this.#time;
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    this.#time += ms;
    for (let i = 0; i < 10 && !signal.aborted; i++) await this.#delay();
  }

  #file(inode: Inode): DiskFile {
    const generation = this.#generation;
    const write = (bytes: Buffer, at: number): number => {
      let length = bytes.length;
      if (this.#random() < this.faults.short) length = Math.floor(this.#random() * length);
      const room = this.capacity - this.bytes;
      const grows = Math.max(0, at + length - inode.data.length);
      const isFull = grows > room;
      if (isFull) length = Math.max(0, length - (grows - room));
      // The process may be stopped, or the disk fail, after a part.
      const part = Math.floor(this.#random() * length);
      try {
        this.#step('write', generation);
      } catch (error) {
        const { isStop, code } = error as Coded;
        if (isStop || (code !== 'STOPPED' && this.#random() < 0.3)) {
          this.#change(inode, { at, bytes: Buffer.from(bytes.subarray(0, part)) });
        }
        throw error;
      }
      if (isFull && length === 0) throw coded('ENOSPC');
      this.#change(inode, { at, bytes: Buffer.from(bytes.subarray(0, length)) });
      return length;
    };
    const read = (into: Buffer, at: number): number => {
      this.#step('read', generation);
      let length = Math.max(0, Math.min(into.length, inode.data.length - at));
      if (length > 1 && this.#random() < this.faults.short)
        length = 1 + Math.floor(this.#random() * (length - 1));
      if (length > 0) inode.data.copy(into, 0, at, at + length);
      return length;
    };
    return {
      readSync: read,
      writeSync: write,
      read: async (into, at) => {
        await this.#delay();
        return read(into, at);
      },
      write: async (bytes, at) => {
        await this.#delay();
        return write(bytes, at);
      },
      truncate: (length) => {
        this.#step('change', generation);
        this.#change(inode, { length });
      },
      sync: async () => {
        await this.#delay();
        const { data } = inode;
        const covered = new Set(inode.changes);
        this.#step('sync', generation);
        await this.#delay();
        // Stopped in the meantime: a later power failure must not bring this back.
        if (generation !== this.#generation || this.isStopped) await new Promise(() => undefined);
        // Another sync of the file may have begun later and ended earlier. What it made durable stays so.
        if (!inode.changes.some((change) => covered.has(change))) return;
        inode.durable = Buffer.from(data);
        inode.changes = inode.changes.filter((change) => !covered.has(change));
      },
      isLinked: () => inode.names > 0,
      close: () => undefined,
    };
  }

  #find(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw coded('ENOENT');
    return inode;
  }

  #name(path: string, inode: Inode | undefined): void {
    if (inode === undefined) this.#names.delete(path);
    else this.#names.set(path, inode);
    this.#nameChanges.push({ path, inode });
  }

  #change(inode: Inode, change: Change): void {
    inode.data = applied(inode.data, change);
    inode.changes.push(change);
  }

  /** Between any two operations the process may be stopped. */
  #step(kind: keyof typeof ERRORS, generation = this.#generation): void {
    if (generation !== this.#generation || this.isStopped) throw coded('STOPPED');
    this.operationsLeft -= 1;
    if (this.isStopped) {
      this.#stop();
      throw coded('STOPPED', true);
    }
    if (this.#random() >= this.faults.fails) return;
    const errors = ERRORS[kind];
    throw coded(errors[Math.floor(this.#random() * errors.length)] as string);
  }

  async #delay(): Promise<void> {
    const generation = this.#generation;
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns--) await undefined;
    // A stopped process waits for ever.
    if (this.isStopped || generation !== this.#generation) await new Promise(() => undefined);
  }
}

function applied(data: Buffer, change: Change): Buffer {
  if ('length' in change) {
    if (change.length <= data.length) return data.subarray(0, change.length);
    return Buffer.concat([data, Buffer.alloc(change.length - data.length)]);
  }
  const { at, bytes } = change;
  const result = Buffer.alloc(Math.max(data.length, at + bytes.length));
  data.copy(result);
  bytes.copy(result, at);
  return result;
}

interface Coded extends Error {
  code: string;
  /** Whether the process is stopped in this very operation. */
  isStop: boolean;
}

function coded(code: string, isStop = false): Coded {
  return Object.assign(new Error(`${code}: simulated`), { code, isStop });
}
