import { describe, expect, jest, test } from '@jest/globals';
import { LogBatch, Tag } from '../../../codec/index.js';
import { poisonFrame } from '../../helpers/hostile.js';
import { logBatch, logsFrame } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { sendAll } from '../../helpers/socket-client.js';
import { appendAll, queues } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

/*
 * A frame whose text was longer than a string can be blocked everything behind it, or ended the process. The heap is
 * as small as that of a small container.
 */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=64' };
const HONEST = 122;
const POISON_LOGS = 8380;

/** A busy machine takes long for megabytes of text. */
const DEADLINE_MS = 60_000;
jest.setTimeout(2 * DEADLINE_MS);

const start = commands();
const path = tempPaths();
const openQueue = queues();

const poison = () => new LogBatch(Tag.V1, POISON_LOGS, poisonFrame().subarray(4));
/** Such a batch cannot arrive through the socket. Its last log is longer than the batch. */
const INVALID = new LogBatch(Tag.V2, 4, Buffer.concat([logBatch(3).raw, Buffer.of(0x0a, 9)]));

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const linesIn = (text: string) => text.split('\n').filter((line) => line !== '');
const logOf = ({ stderr }: Running) => linesIn(stderr()).map((line) => JSON.parse(line));
/** The numbers at the ends of the URLs of honest events. */
const numbersIn = ({ stdout }: Running) =>
  [...stdout().matchAll(/https:\/\/example\.com\/(\d+)/g)].map(([, number]) => Number(number));

function serve(format: string, socket: string, ...args: string[]): Running {
  const command = [
    'serve',
    '--socket',
    socket,
    '--metrics',
    'off',
    ...(args.includes('--spool') ? [] : ['--buffer', '1000']),
    '--format',
    format,
    ...args,
  ];
  return start(command, { env: HEAP });
}

const written = (served: Running, number: number) =>
  until('the last batch is written', () => served.stdout().includes(`example.com/${number}`), DEADLINE_MS);

async function stop(served: Running) {
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  return logOf(served).find(({ msg }) => msg === 'closed');
}

describe.each(['json', 'logfmt', 'pretty'])('serve --format %s, with a heap of 64 MB', (format) => {
  test('forwards a frame with megabytes of text, and the batches after it', async () => {
    const socket = path();
    const served = serve(format, socket);
    await listening(served, socket);
    await sendAll(socket, [poisonFrame(), ...upTo(HONEST).map((i) => logsFrame(1, i))]);
    await written(served, HONEST - 1);
    expect(numbersIn(served)).toEqual(upTo(HONEST));
    expect(linesIn(served.stdout())).toHaveLength(POISON_LOGS + HONEST);
    expect(Buffer.byteLength(served.stdout())).toBeLessThan(128 * poisonFrame().length);
    expect(await stop(served)).toMatchObject({
      received: { batches: HONEST + 1, logs: HONEST + POISON_LOGS },
      forwarded: { batches: HONEST + 1, logs: HONEST + POISON_LOGS },
    });
  });

  test('drops a batch of the spool that it cannot write, once, and forwards all others', async () => {
    const folder = path();
    const { queue } = await openQueue(folder);
    await appendAll(queue, [
      logBatch(1, 0),
      poison(),
      INVALID,
      ...upTo(HONEST).map((i) => logBatch(1, i + 1)),
    ]);
    await queue.close();

    const served = serve(format, path(), '--spool', folder);
    await written(served, HONEST);
    expect(numbersIn(served)).toEqual(upTo(HONEST + 1));
    const drops = logOf(served).filter(({ msg }) => msg === 'dropping boundary logs');
    expect(drops).toMatchObject([{ reason: 'rejected', err: { code: 'ERR_INVALID_BATCH' } }]);
    expect(await stop(served)).toMatchObject({
      recovered: { batches: HONEST + 3 },
      forwarded: { batches: HONEST + 2 },
      dropped: { rejected: { batches: 1, logs: 4 } },
      kept: { batches: 0 },
    });

    const again = serve(format, path(), '--spool', folder);
    await until('it has started', () => again.stderr().includes('"listening"'), DEADLINE_MS);
    expect(await stop(again)).toMatchObject({ recovered: { batches: 0 }, forwarded: { batches: 0 } });
  });
});

test('spool --export writes everything except a batch that it cannot write, which it names, and exits with 1', async () => {
  const folder = path();
  const { queue } = await openQueue(folder);
  const first = await appendAll(queue, [logBatch(1, 0), INVALID, poison(), logBatch(1, 1)]);
  await queue.close();
  const exported = start(['spool', folder, '--export'], { env: HEAP });
  expect(await exported.ended).toBe(1);
  expect(numbersIn(exported)).toEqual([0, 1]);
  expect(linesIn(exported.stdout())).toHaveLength(2 + POISON_LOGS);
  expect(linesIn(exported.stderr())).toEqual([
    expect.stringContaining(`skipped id ${first + 1}, 4 logs: this batch cannot be written as text: `),
  ]);
});

test.each([['json'], ['logfmt'], ['pretty'], ['--outcomes']])(
  'decode writes such a frame as %s',
  async (how) => {
    const decoded = start(['decode', ...(how === '--outcomes' ? [how] : ['--format', how])], { env: HEAP });
    decoded.child.stdin.end(Buffer.concat([poisonFrame(), logsFrame(1, 7)]));
    expect(await decoded.ended).toBe(0);
    expect(numbersIn(decoded)).toEqual([7]);
    expect(linesIn(decoded.stdout())).toHaveLength(how === '--outcomes' ? 2 : POISON_LOGS + 1);
    expect(decoded.stderr()).toBe('');
  },
);
