import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { natsServers, testNats } from '../../helpers/nats-server.js';
import { natsStreams } from '../../helpers/nats-stream.js';
import { commands, type Running } from '../../helpers/processes.js';
import { logOf, numberedBatches, numbersIn, stopped, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();
const natsServer = natsServers();
const natsStream = natsStreams();

/** How long the server waits for an answer, and how many batches a forwarder may hold. */
const ACK_WAIT_NS = 1e9;
const BUFFER = 50;
const BATCHES = 3000;

interface Forwarder extends Running {
  readonly file: string;
}

function forwarder(url: string): Forwarder {
  const file = path();
  const options = ['--buffer', String(BUFFER), '--events-file', file, '--format', 'json', '--metrics', 'off'];
  return Object.assign(start(['serve', '--source', url, ...options]), { file });
}

const connected = (served: Running) =>
  until(
    'it is connected',
    () => logOf(served).some(({ msg }) => msg === 'connected to the NATS stream'),
    30_000,
  );

const eventsOf = ({ file }: Forwarder) => numbersIn(readFileSync(file, 'utf8'));

/** Numbers that occur more than once, or once in each of two lists. */
const repeated = (numbers: readonly number[]) => numbers.filter((n, i) => numbers.indexOf(n) !== i);

testNats(
  'of two forwarders one is killed: everything arrives, and only what it held arrives twice',
  async () => {
    const server = await natsServer();
    const stream = await natsStream(server);
    await stream.addConsumer({
      ack_wait: ACK_WAIT_NS,
      max_ack_pending: 1000,
      filter_subject: 'boundary.logs.>',
    });
    const [killed, other] = [forwarder(server.url), forwarder(server.url)];
    await Promise.all([connected(killed), connected(other)]);
    const published = stream.publish(...numberedBatches(BATCHES, 1));
    await until(
      'both have written something',
      () => [killed, other].every((one) => eventsOf(one).length > 20),
      30_000,
    );
    killed.child.kill('SIGKILL');
    await killed.ended;
    // A third one may start at any time.
    const third = forwarder(server.url);
    await published;
    await until('all are settled', async () => (await stream.unsettled()) === 0, 60_000);

    const accounts = [await stopped(other), await stopped(third)] as unknown as Record<
      string,
      { batches: number }
    >[];
    const lists = [killed, other, third].map(eventsOf);
    const all = lists.flat();
    expect([...new Set(all)].sort((a, b) => a - b)).toEqual(upTo(BATCHES));
    // What the killed one had written, and the server did not know yet.
    const twice = repeated(all);
    expect(twice.length).toBeLessThanOrEqual(BUFFER);
    expect(twice.filter((n) => !lists[0]?.includes(n))).toEqual([]);
    // What it held was delivered again, and counts as that.
    const sum = (name: string) =>
      accounts.reduce((total, account) => total + (account[name]?.batches ?? 0), 0);
    expect(sum('received') + sum('redelivered')).toBe(sum('forwarded'));
    expect(sum('redelivered')).toBeLessThanOrEqual(BUFFER);
    expect(sum('received') + sum('redelivered')).toBe(BATCHES - (lists[0]?.length ?? 0) + twice.length);
    expect((await stream.info()).num_ack_pending).toBe(0);
  },
  120_000,
);

testNats(
  'a forwarder that ends with SIGTERM leaves nothing behind: no duplicate, and no wait for the next one',
  async () => {
    const server = await natsServer();
    const stream = await natsStream(server);
    await stream.publish(...numberedBatches(BATCHES, 1));
    const first = forwarder(server.url);
    await until(
      'it has written something',
      () => logOf(first).length > 0 && eventsOf(first).length > 20,
      30_000,
    ).catch(() => undefined);
    const account = await stopped(first);
    const second = forwarder(server.url);
    await until('all are settled', async () => (await stream.unsettled()) === 0, 25_000);
    await stopped(second);
    const all = [...eventsOf(first), ...eventsOf(second)];
    expect(all.sort((a, b) => a - b)).toEqual(upTo(BATCHES));
    expect(account).toMatchObject({ returned: { batches: 0 }, dropped: { shutdown: { batches: 0 } } });
  },
  120_000,
);
