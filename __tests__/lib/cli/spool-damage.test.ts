import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import type { LogBatch } from '../../../codec/index.js';
import { random } from '../../helpers/cuts.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { proxies } from '../../helpers/proxies.js';
import { seed } from '../../helpers/seed.js';
import { BLOCKED, recordsIn, upTo } from '../../helpers/served.js';
import { connectTo } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();
const proxy = proxies();

const BATCHES = 251;
const LOG = `${'0'.repeat(16)}.log`;
const ACKED = `${'0'.repeat(16)}.main.acked`;
/** One damaged spool for each of so many random bits. */
const BITS = 60;

/** The files of a spool after SIGKILL, whose last write group is one write of a sender. */
const files = new Map<string, Buffer>();

beforeAll(async () => {
  const [socket, folder] = [path(), path()];
  const args = ['serve', '--socket', socket, '--spool', folder, '--metrics', 'off'];
  const served = start(args, { through: BLOCKED });
  await listening(served, socket);
  const sender = await connectTo(socket);
  sender.end(Buffer.concat(upTo(BATCHES).map((n) => logsFrame(1, n))));
  await until('all is stored', () => recordsIn(folder) === BATCHES);
  served.child.kill('SIGKILL');
  await served.ended;
  for (const name of [LOG, ACKED]) files.set(name, readFileSync(join(folder, name)));
}, 20_000);

/** Delivers what is in a spool of which one bit is flipped. */
async function deliver(damaged: string, bit: number) {
  const folder = path();
  mkdirSync(folder, { mode: 0o700 });
  for (const [name, original] of files) {
    const bytes = Buffer.from(original);
    if (name === damaged) bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    writeFileSync(join(folder, name), bytes);
  }
  const logger = logLines();
  const reader = proxy({ spool: { folder }, logger });
  await reader.start();
  const delivered: number[] = [];
  const forwarding = reader.runForwarder({
    report: (batch: LogBatch) => void delivered.push(firstNumber(batch)),
  });
  await until('all is delivered', () => {
    const { buffered, inFlight } = reader.accounts();
    return buffered.batches + inFlight.batches === 0;
  });
  const missing = Number(
    /^\S*spool_missing_batches_total (\d+)$/m.exec(await reader.registry.metrics())?.[1],
  );
  await reader.close();
  await forwarding;
  const errors = logger.lines.filter(({ level }) => level === 'error');
  return { folder, delivered, missing, errors, accounts: reader.accounts() };
}

test(`a flipped bit in the last write group costs one batch, with a message and a metric (seed ${seed})`, async () => {
  const next = random(seed);
  const length = files.get(LOG)?.length ?? 0;
  for (let i = 0; i < BITS; i++) {
    const bit = Math.floor(next() * length * 8);
    const { folder, delivered, missing, errors, accounts } = await deliver(LOG, bit);
    const lost = upTo(BATCHES).filter((number) => !delivered.includes(number));
    const [first, last] = [lost[0], lost.at(-1)];
    expect({ bit, lost: lost.length, missing }).toEqual({ bit, lost: 1, missing: 1 });
    expect(delivered).toEqual(upTo(BATCHES).filter((number) => number !== first));
    expect(errors).toEqual([
      {
        level: 'error',
        message: 'spool damaged: batches are missing',
        fields: expect.objectContaining({ folder, first, batches: 1 }),
      },
    ]);
    expect(last).toBe(first);
    expect(accounts.dropped.spool_damaged.batches).toBe(1);
    expect(readdirSync(join(folder, 'damaged'))).toHaveLength(1);
  }
}, 30_000);

test(`a flipped bit in what says that batches wait costs nothing (seed ${seed})`, async () => {
  const next = random(seed + 1);
  for (let i = 0; i < BITS / 4; i++) {
    const bit = Math.floor(next() * BATCHES * 8);
    const { delivered, missing, errors } = await deliver(ACKED, bit);
    expect({ bit, missing, errors }).toEqual({ bit, missing: 0, errors: [] });
    expect(delivered).toEqual(upTo(BATCHES));
  }
});
