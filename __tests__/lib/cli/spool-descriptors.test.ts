import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import {
  complaintsOf,
  fillSpool,
  linesOf,
  logOf,
  METRICS,
  numberedBatches,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { connectTo } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

const LIMIT = 1024;
const CONNECTIONS = 1100;
const LOGS = 10;
const BACKLOG = 1670;
const MORE = 1000;

const args = (socket: string, folder: string) => [
  // Segments have 512 KiB, so that new ones are due during the shortage.
  ...['serve', '--socket', socket, '--spool', folder, '--spool-max-bytes', '8MiB', '--drain', '0'],
  ...METRICS,
];

/**
 * A proxy that delivers a backlog, and receives and delivers more, while it has no descriptor left. It accepts no more
 * connections than its limit allows, so something else has to take the rest: the limit is lowered while it runs.
 */
async function shortProxy() {
  const [socket, folder] = [path(), path()];
  await fillSpool(folder, numberedBatches(BACKLOG, LOGS), { maxBytes: 8 << 20 });
  const served = start(args(socket, folder), {
    keepStdout: false,
    through: ['prlimit', `--nofile=${LIMIT}:${LIMIT}`],
  });
  await listening(served, socket);
  const sender = await connectTo(socket);
  sender.write(logsFrame(LOGS, BACKLOG * LOGS));
  const complaints = () => complaintsOf(served).filter(({ place }) => place === 'spool');
  const descriptors = () => readdirSync(`/proc/${served.child.pid}/fd`).length;
  let isShort = false;
  const many: Socket[] = [];
  /** Connects in portions, as many as the queue of the listening socket holds. */
  const crowd = () => {
    if (isShort) return true;
    if (many.length >= CONNECTIONS && descriptors() > LIMIT * 0.85) {
      const left = String(descriptors());
      spawnSync('prlimit', ['--pid', String(served.child.pid), `--nofile=${left}:${LIMIT}`]);
      isShort = true;
    }
    for (let i = 0; i < 50; i++) many.push(connect(socket).on('error', () => undefined));
    return false;
  };
  await until('descriptors are short', crowd);
  let text = '';
  served.child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const sent = upTo(MORE - 1).map((i) => logsFrame(LOGS, (BACKLOG + 1 + i) * LOGS));
  await new Promise<void>((resolve) => sender.write(Buffer.concat(sent), () => resolve()));
  await until('the backlog is delivered', () => crowd() && linesOf(text).length >= BACKLOG * LOGS);
  await until('it says that the spool is short', () => crowd() && complaints().length > 0);
  const leave = () => {
    for (const one of [...many, sender]) one.destroy();
  };
  return { served, socket, folder, text: () => text, complaints, leave };
}

const othersIn = (folder: string) => readdirSync(folder).filter((name) => !/^(lock\.|\d{16}\.)/.test(name));

describe(`${CONNECTIONS} connections at ${LIMIT} descriptors`, () => {
  test('the spool stays whole, and everything is delivered once', async () => {
    const { served, socket, folder, text, complaints, leave } = await shortProxy();
    expect(othersIn(folder)).toEqual([]);
    leave();
    await sendBatches(socket, 5, LOGS, (BACKLOG + MORE) * LOGS);
    const all = (BACKLOG + MORE + 5) * LOGS;
    await until('all is delivered', () => linesOf(text()).length >= all);
    expect(numbersIn(text())).toEqual(upTo(all));
    expect(await stopped(served)).toMatchObject({
      received: { batches: BACKLOG + MORE + 5 },
      forwarded: { batches: BACKLOG + MORE + 5 },
      dropped: { spool_damaged: { batches: 0 }, spool_full: { batches: 0 } },
      kept: { batches: 0 },
    });
    expect(othersIn(folder)).toEqual([]);
    expect(logOf(served).filter(({ level }) => level >= 50)).toEqual([]);
    // Hundreds of failures, and one line at the beginning and one at the end.
    const [begun, ...others] = complaints();
    expect(begun).toMatchObject({ msg: expect.stringContaining('no file descriptor left'), kind: 'EMFILE' });
    expect(others.at(-1)).toMatchObject({ msg: 'the shortage is over' });
  });

  test('SIGKILL during the shortage loses nothing, and at most repeats what was delivered since it began', async () => {
    const { served, socket, folder, text, leave } = await shortProxy();
    const all = (BACKLOG + MORE) * LOGS;
    await until('all is delivered', () => linesOf(text()).length >= all);
    served.child.kill('SIGKILL');
    await served.ended;
    leave();
    expect(numbersIn(text())).toEqual(upTo(all));
    const next = start(args(socket, folder));
    await listening(next, socket);
    await sendBatches(socket, 1, LOGS, all);
    const last = `"sequence_number":${all + LOGS - 1},`;
    await until('it delivers what comes', () => next.stdout().includes(last));
    const again = numbersIn(next.stdout());
    expect(await stopped(next)).toMatchObject({
      dropped: { spool_damaged: { batches: 0 }, quarantined: { batches: 0 } },
      kept: { batches: 0 },
    });
    // In order, each once, whole batches.
    expect(again).toEqual([...new Set(again)].sort((a, b) => a - b));
    expect(again.length % LOGS).toBe(0);
    expect(complaintsOf(next)).toEqual([]);
    expect(othersIn(folder)).toEqual([]);
  });
});
