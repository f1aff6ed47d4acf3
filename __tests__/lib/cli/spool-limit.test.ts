import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect } from '@jest/globals';
import { encodeLogs } from '../../../codec/index.js';
import { request } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { complaintsOf, METRICS, metric, stopped } from '../../helpers/served.js';
import { connectTo } from '../../helpers/socket-client.js';
import { MISSING, mounts, testUnless, usedIn } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();
const mount = mounts();

const MIB = 1 << 20;
const URL_BYTES = 1500;
/** Batches that are sent between two looks at the backlog. */
const PORTION = 100;

/** A batch of one log, long enough that few of them fill a segment. */
function frame(n: number): Buffer {
  const batch = request(1, n);
  for (const log of batch.logs ?? []) if (log.httpRequest) log.httpRequest.url += `?${'x'.repeat(URL_BYTES)}`;
  return encodeLogs(batch);
}

/** Reads events as fast as it is told to, and keeps their numbers. */
class Reader {
  readonly numbers: number[] = [];
  readonly #stdout: Readable;
  #left = 0;
  #rest = '';

  constructor(stdout: Readable) {
    this.#stdout = stdout;
    stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    stdout.pause();
  }

  /** Reads so many characters, and what one chunk may have besides. */
  read(length: number): void {
    this.#left = length;
    this.#stdout.resume();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.numbers.push(Number(/"sequence_number":(\d+)/.exec(line)?.[1]));
    this.#left -= text.length;
    if (this.#left <= 0) this.#stdout.pause();
  }
}

interface Case {
  /** MiB. */
  limit: number;
  /** The size of the volume, in MiB. */
  volume: number;
  batches: number;
  overflow: 'drop' | 'block';
}
const CASES: Case[] = [
  { limit: 4, volume: 64, batches: 12_000, overflow: 'drop' },
  { limit: 16, volume: 18, batches: 20_000, overflow: 'block' },
];

describe('the limit bounds what a spool uses of its disk, while its backlog never becomes empty', () => {
  for (const { limit, volume, batches, overflow } of CASES) {
    testUnless(MISSING.mounts)(
      `a limit of ${limit} MiB on a volume of ${volume} MiB, with overflow: ${overflow}`,
      async () => {
        const [socket, disk] = [path(), path()];
        mount.tmpfs(disk, `size=${volume}m`);
        const folder = join(disk, 'spool');
        const empty = usedIn(disk);
        const args = ['serve', '--socket', socket, '--spool', folder, '--spool-max-bytes', `${limit}MiB`];
        const served = start([...args, '--overflow', overflow, '--drain', '30', ...METRICS], {
          keepStdout: false,
        });
        await listening(served, socket);
        const reader = new Reader(served.child.stdout);
        const sender = await connectTo(socket);
        const bytes = limit * MIB;
        let most = 0;
        let least = Number.POSITIVE_INFINITY;
        const look = () => {
          most = Math.max(most, usedIn(disk) - empty);
        };
        let isFilled = false;
        /** Lets the spool become full, and then never empty. */
        const regulate = async () => {
          look();
          const backlog = await metric(served, 'buffer_bytes');
          // Much more does not fit: a tenth is kept for damaged batches, and the oldest segment is partly delivered.
          const isFull = backlog > bytes * 0.8;
          isFilled ||= isFull;
          if (isFilled) least = Math.min(least, backlog);
          // Less than what is sent until the next look.
          if (isFull) reader.read(bytes / 64);
        };
        for (let sent = 0; sent < batches; sent++) {
          const isTaken = sender.write(frame(sent));
          look();
          if (sent % PORTION === 0) await regulate();
          while (!isTaken && sender.writableNeedDrain) await regulate();
        }
        reader.read(Number.POSITIVE_INFINITY);
        await until('all came in', async () => {
          look();
          return (await metric(served, 'batches_received_total')) === batches;
        });
        sender.end();
        const account = await stopped(served);
        const dropped = batches - reader.numbers.length;
        expect(account).toMatchObject({
          forwarded: { batches: batches - dropped },
          dropped: { spool_full: { batches: dropped } },
          kept: { batches: 0 },
        });
        expect(dropped > 0).toBe(overflow === 'drop');
        expect(reader.numbers).toEqual([...reader.numbers].sort((a, b) => a - b));
        // It was filled, and never nearly empty again.
        expect(least).toBeGreaterThan(bytes / 2);
        expect(most).toBeGreaterThan(bytes * 0.8);
        // A segment is a sixteenth of a limit of this size.
        expect(most).toBeLessThanOrEqual(bytes + bytes / 16);
        // Drops are because of the limit, not of the disk.
        expect(complaintsOf(served).filter(({ err, reason }) => err || reason !== 'spool_full')).toEqual([]);
      },
      90_000,
    );
  }
});
