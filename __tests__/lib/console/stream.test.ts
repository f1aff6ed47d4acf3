import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { consoles, received, TOKEN } from '../../helpers/consoles.js';
import { logBatch, logsFrame } from '../../helpers/messages.js';
import { ScriptedSource } from '../../helpers/scripted-source.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const { start, open } = consoles();
const numbers = (logs: Record<string, unknown>[]) => logs.map(({ sequence_number }) => sequence_number);
const upTo = (n: number, first = 0) => Array.from({ length: n }, (_, i) => first + i);

describe('a page receives', () => {
  test('what the proxy is, how it stands, and each event in order', async () => {
    const socket = path();
    const { url, proxy } = await start(socket);
    const stream = await open(url);
    await sendAll(socket, [logsFrame(3), logsFrame(2, 3)]);
    await received(stream, 5);
    expect(stream.events.slice(0, 2).map(({ name }) => name)).toEqual(['hello', 'state']);
    expect(stream.last('hello')).toMatchObject({
      socketPath: proxy.socketPath,
      sample: 'send --sample 20',
      source: null,
      reporters: [{ label: 'Coder', isOnDisk: false, maxBytes: 100 * 32_768, maxBatches: 100 }],
    });
    expect(numbers(stream.logs())).toEqual(upTo(5));
    expect(stream.logs()[0]).toMatchObject({ http_url: 'https://example.com/0', decision: 'allow' });
  });

  test('what a source delivers, also what it delivers again', async () => {
    const source = new ScriptedSource();
    const { url } = await start('', { source: 'nats://a' }, { socketPath: undefined, source });
    source.deliver(logBatch(3));
    source.deliver(logBatch(2, 3), 2);
    const stream = await open(url);
    await received(stream, 5);
    expect(stream.last('hello')).toMatchObject({ source: 'nats://a' });
    expect(numbers(stream.logs())).toEqual(upTo(5));
    const sample = () => (stream.last('state') as { sample: object } | undefined)?.sample;
    await until('both count', () => (sample() as { received?: number } | undefined)?.received === 5);
  });

  test('what came before it was opened', async () => {
    const socket = path();
    const { url } = await start(socket);
    await sendAll(socket, [logsFrame(3)]);
    const first = await open(url);
    await received(first, 3);
    const second = await open(url);
    await received(second, 3);
    expect(numbers(second.logs())).toEqual(upTo(3));
  });

  test('only the newest events that are kept, and no word of others', async () => {
    const socket = path();
    const { url, proxy } = await start(socket, { maxEvents: 10 });
    await sendAll(socket, [logsFrame(4), logsFrame(4, 4), logsFrame(4, 8)]);
    await until('all have arrived', () => proxy.accounts().received.logs === 12);
    const stream = await open(url);
    await received(stream, 8);
    expect(numbers(stream.logs())).toEqual(upTo(8, 4));
    expect(stream.last('missed')).toBeUndefined();
  });

  test('what was redacted, not the secret', async () => {
    const socket = path();
    const { url } = await start(socket, {}, { redact: { keep: [] } });
    const stream = await open(url);
    const { encodeLogs } = await import('../../../codec/index.js');
    await sendAll(socket, [
      encodeLogs({
        logs: [
          {
            allowed: true,
            httpRequest: { method: 'GET', url: 'https://a.example/?key=hunter2', matchedRule: '' },
          },
        ],
      }),
    ]);
    await received(stream, 1);
    expect(JSON.stringify(stream.logs())).toContain('a.example');
    expect(JSON.stringify(stream.events)).not.toContain('hunter2');
  });

  test('with fairShare and several reporters, each event once', async () => {
    const socket = path();
    const { url } = await start(socket, {}, { fairShare: true, reporters: ['a', 'b'] });
    const stream = await open(url);
    await sendAll(socket, [logsFrame(3)]);
    await received(stream, 3);
    expect(numbers(stream.logs())).toEqual(upTo(3));
    expect(stream.last('hello')?.reporters).toHaveLength(2);
  });
});

describe('a page that comes back', () => {
  test('continues after what it has', async () => {
    const socket = path();
    const { url } = await start(socket);
    const first = await open(url);
    await sendAll(socket, [logsFrame(3)]);
    await received(first, 3);
    const id = first.events.findLast(({ name }) => name === 'batch')?.id ?? '';
    expect(id).toMatch(/^\w+-3$/);
    first.close();
    await sendAll(socket, [logsFrame(2, 3)]);
    const second = await open(url, { 'last-event-id': id });
    await received(second, 2);
    expect(numbers(second.logs())).toEqual([3, 4]);
  });

  test('is told how many events are no longer kept', async () => {
    const socket = path();
    const { url, proxy } = await start(socket, { maxEvents: 10 });
    const first = await open(url);
    await sendAll(socket, [logsFrame(3)]);
    await received(first, 3);
    const id = first.events.findLast(({ name }) => name === 'batch')?.id ?? '';
    first.close();
    await sendAll(
      socket,
      upTo(6).map((i) => logsFrame(5, 3 + 5 * i)),
    );
    await until('all have arrived', () => proxy.accounts().received.logs === 33);
    const second = await open(url, { 'last-event-id': id });
    await received(second, 10);
    expect(second.last('missed')).toEqual({ events: 20 });
    expect(numbers(second.logs())).toEqual(upTo(10, 23));
  });

  test.each(['nonsense', 'abcdef-1', 'x-99999999999999999999', '-'])(
    'with the id %j begins anew',
    async (id) => {
      const socket = path();
      const { url } = await start(socket);
      await sendAll(socket, [logsFrame(3)]);
      const stream = await open(url, { 'last-event-id': id });
      await received(stream, 3);
      expect(numbers(stream.logs())).toEqual(upTo(3));
    },
  );
});

test('a browser that does not read makes nobody wait; when it reads again, it is told how many events it has missed', async () => {
  const socket = path();
  const { port, proxy } = await start(socket, { maxEvents: 40_000 }, { overflow: 'block' });
  const forwarding = proxy.runForwarder({ report: () => undefined });
  const slow = connect(port, '127.0.0.1');
  slow.pause();
  slow.write(`GET /stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
  // Far more than the buffers of both sockets hold, and more than is kept.
  const total = 100_000;
  for (let sent = 0; sent < total; sent += 4000)
    await sendAll(
      socket,
      upTo(10, 0).map((i) => logsFrame(400, sent + 400 * i)),
    );
  await until('all are forwarded', () => proxy.accounts().forwarded.logs === total);
  let text = '';
  slow.on('data', (chunk) => (text += chunk)).resume();
  await until('it has the newest one', () => text.includes(`"sequence_number":${total - 1},`));
  const missed = [...text.matchAll(/event: missed\ndata: \{"events":(\d+)\}/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
  const lines = text.match(/"sequence_number"/g)?.length ?? 0;
  expect(missed).toBeGreaterThan(0);
  expect(lines + missed).toBe(total);
  slow.destroy();
  await proxy.close();
  await forwarding;
}, 60_000);

describe('the state', () => {
  test('of a reporter that fails says since when and why, and how much waits', async () => {
    const socket = path();
    const { url, proxy } = await start(socket);
    const forwarding = proxy.runForwarder(
      { report: () => Promise.reject(new Error('connect ECONNREFUSED')) },
      { retry: {} },
    );
    const stream = await open(url);
    const before = Date.now();
    await sendAll(socket, [logsFrame(3), logsFrame(2, 3)]);
    await until(
      'the outage is told',
      () => (stream.last('state') as { reporters: { outage: unknown }[] }).reporters[0]?.outage,
    );
    const state = stream.last('state') as {
      sample: object;
      problems: string[];
      reporters: { outage: { since: number; why: string } }[];
    };
    expect(state.reporters[0]?.outage.why).toBe('connect ECONNREFUSED');
    expect(state.reporters[0]?.outage.since).toBeGreaterThanOrEqual(before - 1000);
    expect(state.problems).toEqual(['reporter_failing']);
    expect(state.sample).toMatchObject({
      received: 5,
      reporters: [{ forwarded: 0, held: { events: 5, batches: 2 } }],
    });
    await proxy.close();
    await forwarding;
  });

  test('has what was dropped, by reason; a page that is opened later has the history', async () => {
    const socket = path();
    const { url } = await start(socket, {}, { bufferSize: 1 });
    await sendAll(socket, [logsFrame(3), logsFrame(2, 3)]);
    const first = await open(url);
    const dropped = (sample: unknown) =>
      (sample as { reporters: { dropped: object }[] } | undefined)?.reporters[0]?.dropped;
    await until('the loss is told', () => Object.keys(dropped(first.last('state')?.sample) ?? {}).length > 0);
    expect(dropped(first.last('state')?.sample)).toEqual({ buffer_full: 2 });
    const second = await open(url);
    await until('it has the history', () => second.last('hello'));
    const { history } = second.last('hello') as { history: unknown[] };
    expect(dropped(history.at(-1))).toEqual({ buffer_full: 2 });
    expect(history.length).toBeGreaterThan(1);
  });
});
