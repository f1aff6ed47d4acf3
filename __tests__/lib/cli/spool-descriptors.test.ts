import { existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
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

test(`${CONNECTIONS} connections at ${LIMIT} descriptors: the spool stays whole, and all is delivered`, async () => {
  const [socket, folder] = [path(), path()];
  // So that segments have 512 KiB, and new ones are due during the shortage.
  await fillSpool(folder, numberedBatches(BACKLOG, LOGS), { maxBytes: 8 << 20 });
  const served = start(
    ['serve', '--socket', socket, '--spool', folder, '--spool-max-bytes', '8MiB', ...METRICS],
    { keepStdout: false, through: ['prlimit', `--nofile=${LIMIT}:${LIMIT}`] },
  );
  let text = '';
  await listening(served, socket);
  const early = await connectTo(socket);
  early.write(logsFrame(LOGS, BACKLOG * LOGS));
  const spoolComplaints = () => complaintsOf(served).filter(({ msg }) => /spool/.test(msg));
  const isShort = () => readdirSync(`/proc/${served.child.pid}/fd`).length >= LIMIT - 1;
  const many: Socket[] = [];
  await until('descriptors are short', () => {
    // In portions, as many as the queue of the listening socket holds.
    for (let i = 0; i < 50; i++) many.push(connect(socket).on('error', () => undefined));
    return many.length >= CONNECTIONS && isShort();
  });

  // Meanwhile a sender goes on, and so does the reader of stdout.
  served.child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  for (let i = 1; i < MORE; i++) early.write(logsFrame(LOGS, (BACKLOG + i) * LOGS));
  await until('the backlog is delivered', () => linesOf(text).length >= BACKLOG * LOGS);
  await until('it says that the spool is short', () => spoolComplaints().length > 0);
  expect(isShort()).toBe(true);
  expect(existsSync(join(folder, 'damaged'))).toBe(false);

  for (const one of [...many, early]) one.destroy();
  await sendBatches(socket, 5, LOGS, (BACKLOG + MORE) * LOGS);
  const all = (BACKLOG + MORE + 5) * LOGS;
  await until('all is delivered', () => linesOf(text).length >= all);
  expect(numbersIn(text)).toEqual(upTo(all));
  expect(await stopped(served)).toMatchObject({
    received: { batches: BACKLOG + MORE + 5 },
    forwarded: { batches: BACKLOG + MORE + 5 },
    dropped: { spool_damaged: { batches: 0 }, spool_full: { batches: 0 } },
    kept: { batches: 0 },
  });
  expect(readdirSync(folder).filter((name) => !/^(lock\.|\d{16}\.)/.test(name))).toEqual([]);
  expect(logOf(served).filter(({ level }) => level >= 50)).toEqual([]);
  // Hundreds of failures, and one line at the beginning and one at the end.
  const [begun, ...others] = spoolComplaints();
  expect(begun).toMatchObject({ msg: 'the spool cannot be used; retrying', err: { code: 'EMFILE' } });
  expect(others.at(-1)).toMatchObject({ msg: 'the spool can be used again' });
});
