import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { OtlpReporter } from '../../../../lib/reporters/otlp/index.js';
import { assertBalanced } from '../../../helpers/accounts.js';
import { logsFrame } from '../../../helpers/messages.js';
import { decodeExport, encodeResponse } from '../../../helpers/otlp-server.js';
import { proxies } from '../../../helpers/proxies.js';
import { seed } from '../../../helpers/seed.js';
import { upTo } from '../../../helpers/served.js';
import { sendAll } from '../../../helpers/socket-client.js';
import { until } from '../../../helpers/until.js';

/* A server that does anything, for some time. Whatever it answers, each event has exactly one fate. */

const EVENTS = 900;
const PER_BATCH = 3;
const makeProxy = proxies();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Random numbers from 0 to 1 (mulberry32). */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Mood = 'accept' | 'partial' | 'lost' | 'cut' | 'page' | 'redirect' | number;
const MOODS: readonly Mood[] = [
  ...Array<Mood>(12).fill('accept'),
  ...(['partial', 'partial', 'lost', 'cut', 'page', 'redirect'] as const),
  ...[429, 500, 502, 503, 504, 507],
];

/** A server whose mood lasts for some requests. It never accepts the events of `poison`, nor survives those of `deadly`. */
class Moody {
  /** The events that it has accepted, with those that came twice. */
  readonly accepted: number[] = [];
  /** How many logs it has said that it rejects, of exports that it has accepted otherwise. */
  rejected = 0;
  #left = 0;
  #mood: Mood = 'accept';
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  answer(numbers: readonly number[], response: ServerResponse, poison: number, deadly: number): void {
    const say = (status: number, body: Buffer | string = '', type = 'application/x-protobuf') =>
      response.writeHead(status, { 'content-type': type }).end(body);
    if (this.#left-- <= 0) {
      this.#left = Math.floor(this.#random() * 4);
      this.#mood = MOODS[Math.floor(this.#random() * MOODS.length)] as Mood;
    }
    const mood = this.#mood;
    if (typeof mood === 'number') return void say(mood, encodeResponse('Status', { message: 'not now' }));
    if (mood === 'cut') return void response.destroy();
    if (mood === 'page') return void say(200, '<h1>Log in</h1>', 'text/html');
    if (mood === 'redirect') return void response.writeHead(302, { location: '/login' }).end();
    if (numbers.includes(deadly)) return void say(500);
    if (numbers.includes(poison)) return void say(400, encodeResponse('Status', { message: 'never' }));
    this.accepted.push(...numbers);
    if (mood === 'lost') return void response.destroy();
    if (mood === 'accept') return void say(200);
    const rejectedLogRecords = Math.ceil(this.#random() * Math.min(4, numbers.length - 1));
    this.rejected += rejectedLogRecords;
    say(200, encodeResponse('ExportLogsServiceResponse', { partialSuccess: { rejectedLogRecords } }));
  }
}

test.each([0, 1, 2])(
  'each event is accepted or counted, whatever the server does (%i)',
  async (run) => {
    const next = random(seed + run);
    const moody = new Moody(next);
    const poison = Math.floor(next() * EVENTS);
    // Only other batches behind it show that it is the cause.
    const deadly = Math.floor((next() * EVENTS) / 2);
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { records } = decodeExport(request.headers['content-type'], Buffer.concat(chunks));
      const numbers = records.map(({ attributes }: { attributes: Record<string, number> }) =>
        Number(attributes['boundary.sequence_number']),
      );
      moody.answer(numbers, response, poison, deadly);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    closing.push(() => server.closeAllConnections());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;
    const reporter = new OtlpReporter({ url, maxLogs: 50 });
    closing.push(() => reporter.close());
    const proxy = makeProxy({ overflow: 'block' });
    await proxy.start();
    const retry = { initialDelayMs: 1, maxDelayMs: 2, maxElapsedMs: Infinity, timeoutMs: Infinity };
    void proxy.runForwarder(reporter, { concurrency: 64, retry });

    await sendAll(
      proxy.socketPath,
      upTo(EVENTS / PER_BATCH).map((i) => logsFrame(PER_BATCH, i * PER_BATCH)),
    );
    const settled = () => proxy.accounts().forwarded.batches + proxy.accounts().dropped.rejected.batches;
    await until('everything has its fate', () => settled() === EVENTS / PER_BATCH, 30_000);

    const { forwarded, dropped } = proxy.accounts();
    assertBalanced(proxy.accounts());
    const batchOf = (n: number) => Math.floor(n / PER_BATCH);
    const bad = new Set([batchOf(poison), batchOf(deadly)]);
    expect(dropped.rejected).toEqual({ batches: bad.size, logs: bad.size * PER_BATCH + moody.rejected });
    expect(dropped.forward_failed.batches).toBe(0);
    expect(forwarded.logs).toBe(EVENTS - bad.size * PER_BATCH - moody.rejected);
    const expected = upTo(EVENTS).filter((n) => !bad.has(batchOf(n)));
    expect([...new Set(moody.accepted)].sort((a, b) => a - b)).toEqual(expected);
  },
  40_000,
);
