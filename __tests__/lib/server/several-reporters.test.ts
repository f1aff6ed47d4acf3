import { describe, expect, test } from '@jest/globals';
import type { BoundaryLogProxy, LogBatch, Reporter } from '../../../lib/index.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector, silentReporter } from '../../helpers/reporters.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const batches = (n: number, first = 0) => Array.from({ length: n }, (_, i) => logsFrame(1, first + i));
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const numbers = ({ batches }: { batches: LogBatch[] }) => batches.map(firstNumber);
/** Fails once, and then waits for longer than any test. */
const down = Object.assign(new Error('it is down'), { retryAfterMs: 200_000 });
const failing: Reporter = { report: () => Promise.reject(down) };
const retry = { maxElapsedMs: Number.POSITIVE_INFINITY };

const names = ['first', 'second'] as const;
const balanced = (proxy: BoundaryLogProxy) => {
  for (const name of names) assertBalanced(proxy.accounts(name));
};

async function metrics(proxy: BoundaryLogProxy): Promise<string[]> {
  return (await proxy.registry.metrics())
    .split('\n')
    .map((line) => line.replace('agent_boundary_log_proxy_', ''));
}

test('each reporter receives every batch in order, and has its own accounts', async () => {
  const proxy = makeProxy({ reporters: names });
  await proxy.start();
  const [one, two] = [collector(), collector()];
  proxy.runForwarder(one);
  proxy.runForwarder(two, { name: 'second' });
  await sendAll(proxy.socketPath, batches(200));
  await until('all are forwarded', () => one.batches.length === 200 && two.batches.length === 200);
  expect([numbers(one), numbers(two)]).toEqual([upTo(200), upTo(200)]);
  for (const name of names) {
    expect(proxy.accounts(name)).toMatchObject({ received: { logs: 200 }, forwarded: { logs: 200 } });
  }
  balanced(proxy);
});

test('a reporter that is unavailable does not delay the others, and only its batches are dropped', async () => {
  const logger = logLines();
  const proxy = makeProxy({ reporters: names, bufferSize: 10, logger });
  await proxy.start();
  const one = collector();
  proxy.runForwarder(one);
  proxy.runForwarder(failing, { name: 'second', retry });
  await sendAll(proxy.socketPath, batches(50));
  await until('all are forwarded', () => one.batches.length === 50);
  expect(proxy.accounts()).toMatchObject({ forwarded: { batches: 50 }, buffered: { batches: 0 } });
  const { dropped, buffered, inFlight } = proxy.accounts('second');
  expect({ dropped: dropped.buffer_full, buffered, inFlight }).toMatchObject({
    dropped: { batches: 39 },
    buffered: { batches: 10 },
    inFlight: { batches: 1 },
  });
  balanced(proxy);
  expect(proxy.health()).toEqual({ status: 'failing', reasons: ['dropping', 'reporter_failing'] });
  const lines = logger.lines.filter(({ level }) => level === 'warn');
  expect(lines.map(({ message, fields }) => [message, fields.reporter]).sort()).toEqual([
    ['dropping boundary logs', 'second'],
    ['the reporter is failing; retrying', 'second'],
  ]);
  const text = await metrics(proxy);
  expect(text).toEqual(
    expect.arrayContaining([
      'batches_forwarded_total 50',
      'batches_dropped_total{reason="buffer_full"} 0',
      'reporter_up 1',
      'reporter_up{reporter="second"} 0',
      'reporter_batches_received_total{reporter="second"} 50',
      'reporter_batches_forwarded_total{reporter="second"} 0',
      'reporter_batches_dropped_total{reporter="second",reason="buffer_full"} 39',
      'reporter_logs_dropped_total{reporter="second",reason="buffer_full"} 39',
      'reporter_buffer_batches{reporter="second"} 10',
      'reporter_in_flight_batches{reporter="second"} 1',
      'reporter_retries_total{reporter="second"} 1',
      'reporter_last_success_timestamp_seconds{reporter="second"} 0',
    ]),
  );
  await proxy.close();
  expect(logger.lines.at(-1)).toMatchObject({
    message: 'closed',
    fields: {
      reporter: 'first',
      forwarded: { batches: 50 },
      others: {
        second: { received: { batches: 50 }, dropped: { shutdown: { batches: 11 } }, kept: { batches: 0 } },
      },
    },
  });
  balanced(proxy);
});

/** What a reporter may do instead of its work, and whether it is retried. */
const FAULTY: [string, Reporter['report'], boolean][] = [
  ['throws', () => thrower(), false],
  ['throws, and is retried', () => thrower(), true],
  ['rejects', () => Promise.reject(new Error('it is down')), false],
  ['rejects, and is retried', () => Promise.reject(down), true],
  ['rejects for good', () => Promise.reject(Object.assign(new Error('never'), { permanent: true })), true],
  ['rejects with nothing', () => Promise.reject(), true],
  ['never answers', () => new Promise(() => undefined), true],
  ['answers late', () => new Promise((resolve) => setTimeout(resolve, 20)), true],
  ['answers something else', () => 7 as never, true],
];
function thrower(): never {
  throw down;
}

describe.each(['at the start', 'later'])('one that is faulty %s', (when) => {
  test.each(FAULTY)(
    '(it %s) costs the others nothing, and its accounts add up',
    async (_what, report, isRetried) => {
      const proxy = makeProxy({ reporters: names, bufferSize: 20 });
      await proxy.start();
      const one = collector();
      let healthy = when === 'later' ? 25 : 0;
      const two: Reporter = {
        report: (batch, options) => (healthy-- > 0 ? undefined : report(batch, options)),
      };
      proxy.runForwarder(one);
      proxy.runForwarder(two, { name: 'second', graceMs: 0, retry: isRetried ? retry : false });
      for (let sent = 0; sent < 100; sent += 10) {
        await sendAll(proxy.socketPath, batches(10, sent));
        await until('the first one has them', () => one.batches.length === sent + 10);
        balanced(proxy);
      }
      expect(numbers(one)).toEqual(upTo(100));
      expect(proxy.accounts('second').received.batches).toBe(100);
      await proxy.close();
      balanced(proxy);
      expect(proxy.accounts().dropped.shutdown.batches).toBe(0);
    },
  );
});

test('the health is degraded while one of them fails and nothing is dropped', async () => {
  const proxy = makeProxy({ reporters: names });
  await proxy.start();
  proxy.runForwarder(collector());
  expect(proxy.health().reasons).toEqual(['not_forwarding']);
  proxy.runForwarder(failing, { name: 'second', retry });
  expect(proxy.health()).toEqual({ status: 'ok', reasons: [] });
  await sendAll(proxy.socketPath, batches(1));
  await until('it fails', () => proxy.health().status === 'degraded');
  expect(proxy.health().reasons).toEqual(['reporter_failing']);
});

test("with overflow: 'block', a full buffer delays all of them, and nothing is lost", async () => {
  const proxy = makeProxy({ reporters: names, bufferSize: 5, overflow: 'block' });
  await proxy.start();
  const [one, two] = [collector(), collector()];
  proxy.runForwarder(one);
  const large = Array.from({ length: 60 }, (_, i) => logsFrame(200, i));
  const sent = Promise.all([sendAll(proxy.socketPath, large), sendAll(proxy.socketPath, large)]);
  await until('the second one is full', () => proxy.accounts('second').buffered.batches === 5);
  balanced(proxy);
  expect(one.batches.length).toBeLessThan(20);
  proxy.runForwarder(two, { name: 'second' });
  await sent;
  await until('all are forwarded', () => one.batches.length === 120 && two.batches.length === 120);
  expect(numbers(two)).toEqual(numbers(one));
  balanced(proxy);
});

test('with fairShare, each buffer is shared between the connections', async () => {
  const proxy = makeProxy({ reporters: names, bufferSize: 20, fairShare: true });
  await proxy.start();
  proxy.runForwarder(collector());
  const [loud, quiet] = [await connectTo(proxy.socketPath), await connectTo(proxy.socketPath)];
  loud.write(Buffer.concat(batches(50)));
  await until('all came in', () => proxy.accounts('second').received.batches === 50);
  quiet.write(logsFrame(1, 99));
  await until('it came in', () => proxy.accounts('second').received.batches === 51);
  const { unfair_share, buffer_full } = proxy.accounts('second').dropped;
  expect(unfair_share.batches).toBeGreaterThan(0);
  expect(buffer_full.batches).toBe(0);
  expect(proxy.accounts()).toMatchObject({ forwarded: { batches: 51 } });
  for (const socket of [loud, quiet]) socket.destroy();
  balanced(proxy);
});

test('a drain lasts until each reporter has received what it can receive', async () => {
  const proxy = makeProxy({ reporters: names });
  await proxy.start();
  const two = collector();
  const slow: Reporter = {
    report: async (batch) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      two.batches.push(batch);
    },
  };
  await sendAll(proxy.socketPath, batches(30));
  await until('all came in', () => proxy.accounts().received.batches === 30);
  proxy.runForwarder(silentReporter, { graceMs: 0 });
  proxy.runForwarder(slow, { name: 'second' });
  await proxy.close({ drain: 2000 });
  expect(numbers(two)).toEqual(upTo(30));
  expect(proxy.accounts().dropped.shutdown.batches).toBe(30);
  balanced(proxy);
});

test('the run of one reporter ends without the others, and another run may follow', async () => {
  const proxy = makeProxy({ reporters: names });
  await proxy.start();
  const [one, two, again] = [collector(), collector(), collector()];
  const stop = new AbortController();
  proxy.runForwarder(one);
  const running = proxy.runForwarder(two, { name: 'second', signal: stop.signal });
  await expect(proxy.runForwarder(again, { name: 'second' })).rejects.toMatchObject({
    code: 'ERR_FORWARDER_RUNNING',
  });
  await sendAll(proxy.socketPath, batches(3));
  await until('all are forwarded', () => one.batches.length + two.batches.length === 6);
  stop.abort();
  await running;
  await sendAll(proxy.socketPath, batches(3, 3));
  await until('all are forwarded', () => one.batches.length === 6);
  proxy.runForwarder(again, { name: 'second' });
  await until('the rest is forwarded', () => again.batches.length === 3);
  expect([numbers(two), numbers(again)]).toEqual([
    [0, 1, 2],
    [3, 4, 5],
  ]);
});

test.each([[[]], [['a', 'a']], [['A']], [['']], [['a/b']], [['x'.repeat(33)]], ['a'], [[1]]])(
  'reporters: %j is refused',
  (reporters) => {
    const error = thrown(() => makeProxy({ reporters: reporters as string[] }));
    expect(error).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(
        /^BoundaryLogProxy: reporters: got .*expected an array of different names/,
      ),
    });
  },
);

test('a name that no reporter has is rejected, and the message lists the names', async () => {
  const proxy = makeProxy({ reporters: names });
  const message = 'got "third", expected one of the option reporters of the proxy: first, second';
  await expect(proxy.runForwarder(collector(), { name: 'third' })).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: `runForwarder: name: ${message}`,
  });
  expect(thrown(() => proxy.accounts('third'))).toMatchObject({ message: `accounts: ${message}` });
});
