import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, test } from '@jest/globals';
import { logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const path = tempPaths();

/** More than may wait for their turn. */
const CONNECTIONS = 100;
/** Several reads of a socket. */
const FRAMES = 2000;
const ROUNDS = 3;

/** Sends a file on many connections, from a process of its own: the proxy must find all of them full at once. */
const SENDER = `
  const bytes = require('node:fs').readFileSync(process.argv[1]);
  for (let i = 0; i < ${CONNECTIONS}; i++) {
    const socket = require('node:net').connect(process.argv[2], () => socket.write(bytes));
    socket.on('error', () => process.exit());
  }
`;
const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('a crowd that waits for turns and for a spool is read to its end', async () => {
  const file = path();
  writeFileSync(file, Buffer.concat(upTo(FRAMES).map((i) => logsFrame(1, i))));
  const expected = CONNECTIONS * FRAMES;
  // Some connections were not read any more, in about one of two runs.
  for (let round = 0; round < ROUNDS; round++) {
    const proxy = makeProxy({ spool: { folder: path() }, sessions: {} });
    await proxy.start();
    children.push(spawn(process.execPath, ['-e', SENDER, file, proxy.socketPath], { stdio: 'inherit' }));
    const received = () => proxy.accounts().received.batches;
    await until('everything is received', () => received() === expected, 60_000);
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await proxy.close();
  }
}, 300_000);
