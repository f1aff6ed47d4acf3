import { afterEach } from '@jest/globals';
import { silent } from '../../lib/logger.js';
import { realDisk } from '../../lib/spool/disk.js';
import { type QueueOptions, SpoolQueue } from '../../lib/spool/queue.js';
import type { Entry } from '../../lib/spool/record.js';

export interface OpenQueue {
  queue: SpoolQueue;
  /** What was told while it was open. */
  losses: { batches: number; logs: number; first: number; last: number }[];
  quarantined: number[];
  failures: NodeJS.ErrnoException[];
}

/** Opens the queues of spools on the real disk. Those that a test leaves open are closed after it. */
export function queues(): (folder: string, options?: Partial<QueueOptions>) => Promise<OpenQueue> {
  const opened: SpoolQueue[] = [];
  afterEach(async () => {
    for (const queue of opened.splice(0)) await queue.close();
  });
  return async (folder, options = {}) => {
    const disk = options.disk ?? realDisk;
    disk.makeFolder(folder);
    const told: Omit<OpenQueue, 'queue'> = { losses: [], quarantined: [], failures: [] };
    const queue = await SpoolQueue.open(await disk.lock(folder), {
      disk,
      folder,
      maxBytes: 2 ** 28,
      sync: false,
      logger: silent,
      onLoss: ({ batches, logs }, ids) => told.losses.push({ batches, logs, ...ids }),
      onQuarantine: ({ id }) => told.quarantined.push(id),
      onFailure: (error) => told.failures.push(error as NodeJS.ErrnoException),
      onSpace: () => undefined,
      onRecount: () => undefined,
      ...options,
    });
    opened.push(queue);
    return { queue, ...told };
  };
}

/** Appends all of the batches. @returns the id of the first one. */
export async function appendAll(
  queue: SpoolQueue,
  batches: Parameters<SpoolQueue['append']>[0],
): Promise<number> {
  let left = batches;
  let id: number | undefined;
  while (left.length > 0) {
    await queue.append(left, (first, n) => {
      id ??= first;
      left = left.slice(n);
    });
  }
  return id ?? -1;
}

/** Reads up to the end. */
export async function readAll(queue: SpoolQueue): Promise<Entry[]> {
  const all: Entry[] = [];
  for (let entries = await queue.read(); entries.length > 0; entries = await queue.read())
    all.push(...entries);
  return all;
}

/** Batch number `n` of a test: what it holds follows from its number. */
export function numbered(n: number, length = 20): { tag: number; count: number; raw: Buffer } {
  const raw = Buffer.alloc(length, n % 251);
  raw.writeUInt32BE(n);
  return { tag: 1 + (n % 2), count: n % 11, raw };
}

export function numberOf({ raw }: { raw: Buffer }): number {
  return raw.readUInt32BE();
}

/** The number of a batch that was read. */
export function numberIn({ raw }: Entry): number {
  return raw.readUInt32BE();
}
