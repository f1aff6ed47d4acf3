import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { encodeLogs, encodeStatus, LogBatch, type Outcome, StatusReport, Tag } from '../../../codec/index.js';
import {
  Demux,
  FrameParser,
  MessageDecoder,
  type Redacted,
  redact,
  type UrlRedactor,
} from '../../../lib/index.js';
import { RequestRedactor } from '../../../lib/redaction/request-redactor.js';
import { logLines } from '../../helpers/log-lines.js';
import { proxies } from '../../helpers/proxies.js';
import { requestOf, urlsOf } from '../../helpers/redaction.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const batchOf = (...urls: string[]) => new LogBatch(Tag.V2, urls.length, requestOf(...urls));
const broken = new LogBatch(Tag.V2, 3, Buffer.from('0aff', 'hex'));
const makeProxy = proxies();
const path = tempPaths();

afterEach(() => {
  jest.restoreAllMocks();
});

function collected<PerChunk extends boolean>(redactor: UrlRedactor<PerChunk>): Redacted<PerChunk>[] {
  const items: Redacted<PerChunk>[] = [];
  redactor.on('data', (item) => items.push(item));
  return items;
}

test('batches are redacted, with their tag and count; everything else passes as the same object', async () => {
  const redactor = redact();
  const items = collected(redactor);
  const clean = batchOf('/a', '/b');
  const others: Outcome[] = [clean, new StatusReport(1n, 2n), { kind: 'unknown-variant', tag: 2 }];
  const secret = new LogBatch(Tag.V1, 1, requestOf('/?a=b'));
  for (const outcome of [...others, secret]) redactor.write(outcome);
  redactor.end();
  await once(redactor, 'end');
  expect(items.slice(0, 3).map((item, i) => item === others[i])).toEqual([true, true, true]);
  const last = items[3] as LogBatch;
  expect([last.tag, last.count, urlsOf(last.raw)]).toEqual([Tag.V1, 1, ['/?a=REDACTED']]);
  expect(urlsOf(secret.raw)).toEqual(['/?a=b']);
});

test('arrays of a chunk stay arrays, in order, also if the reader comes late', async () => {
  const redactor = redact<true>();
  const drops: LogBatch[] = [];
  redactor.on('drop', (batch) => drops.push(batch));
  redactor.write([batchOf('/?a=1'), broken, batchOf('/?a=2')]);
  redactor.write([broken]);
  redactor.write([batchOf('/?a=3')]);
  redactor.end();
  const urls: string[][] = [];
  for await (const outcomes of redactor)
    urls.push(outcomes.flatMap((batch) => urlsOf((batch as LogBatch).raw)));
  expect(urls).toEqual([['/?a=REDACTED', '/?a=REDACTED'], ['/?a=REDACTED']]);
  expect(drops).toEqual([broken, broken]);
});

test('in a pipeline, with backpressure', async () => {
  const seen: string[] = [];
  async function* chunks() {
    for (let i = 0; i < 200; i++)
      yield encodeLogs({ logs: [{ httpRequest: { url: `/${i}?token=secret` } }] });
    yield encodeStatus({ droppedChannelFull: 1n });
  }
  await pipeline(
    chunks(),
    new FrameParser(),
    new MessageDecoder(),
    redact({ keep: ['page'] }),
    new Demux({ logs: (batch) => seen.push(...urlsOf(batch.raw)), status: () => seen.push('status') }),
  );
  expect(seen).toEqual([...Array.from({ length: 200 }, (_, i) => `/${i}?token=REDACTED`), 'status']);
});

describe('a batch that cannot be redacted', () => {
  test('is dropped, and the next one passes', async () => {
    const redactor = redact();
    const drops: unknown[][] = [];
    redactor.on('drop', (...args) => drops.push(args));
    const items = collected(redactor);
    redactor.write(broken);
    redactor.write(batchOf('/a'));
    expect(drops).toEqual([[broken, expect.objectContaining({ code: 'ERR_REDACTION_FAILED' })]]);
    expect(items).toHaveLength(1);
  });

  test.each([true, false])('destroys a stream without a listener for it; flowing: %s', async (isFlowing) => {
    const redactor = redact();
    if (isFlowing) redactor.resume();
    const failed = once(redactor, 'error');
    redactor.write(broken);
    expect(await failed).toEqual([expect.objectContaining({ code: 'ERR_REDACTION_FAILED' })]);
    expect(redactor.destroyed).toBe(true);
  });

  test.each([[{}], [{ spool: true }]])(
    'in a proxy, it is an account, a warning without its URL, and not forwarded: %j',
    async ({ spool }: { spool?: boolean }) => {
      jest.spyOn(RequestRedactor.prototype, 'redact').mockImplementation((raw) => {
        if (raw.includes('secret')) throw new RangeError(`out of range: ${raw.toString('latin1')}`);
        return raw;
      });
      const logger = logLines();
      const folder = path();
      const proxy = makeProxy({ redact: {}, logger, ...(spool && { spool: { folder } }) });
      await proxy.start();
      const forwarded: string[] = [];
      proxy.runForwarder({ report: (batch) => void forwarded.push(...urlsOf(batch.raw)) });
      const frames = ['/?a=secret', '/b', '/?c=secret'].map((url) =>
        encodeLogs({ logs: [{ httpRequest: { url } }, {}] }),
      );
      await sendAll(proxy.socketPath, frames);
      await until('everything was received', () => proxy.accounts().received.batches === 3);
      await until('one was forwarded', () => proxy.accounts().forwarded.batches === 1);
      const { received, dropped } = proxy.accounts();
      expect(received).toEqual({ batches: 3, logs: 6 });
      expect(dropped.redaction_failed).toEqual({ batches: 2, logs: 4 });
      expect(forwarded).toEqual(['/b', '']);
      expect(await proxy.registry.metrics()).toMatch(/batches_dropped_total\{reason="redaction_failed"\} 2/);
      await proxy.close();
      expect(logger.lines.filter(({ level }) => level === 'warn')).not.toEqual([]);
      const texts = logger.lines.map(
        ({ fields }) => `${JSON.stringify(fields)} ${(fields.err as Error)?.stack}`,
      );
      expect(texts.join()).toContain('ERR_REDACTION_FAILED');
      expect(texts.join()).not.toContain('secret');
      for (const name of spool ? readdirSync(folder).filter((file) => file.endsWith('.log')) : [])
        expect(readFileSync(join(folder, name), 'latin1')).not.toContain('secret');
    },
  );
});

test('a proxy that records and redacts is not created', () => {
  expect(() => makeProxy({ redact: {}, record: { path: '/nowhere/capture' } })).toThrow(
    /ERR_INVALID_OPTION|redact: record: got an object, expected nothing/,
  );
});

test('a proxy without these options does not redact', async () => {
  const proxy = makeProxy();
  await proxy.start();
  const forwarded: string[] = [];
  proxy.runForwarder({ report: (batch) => void forwarded.push(...urlsOf(batch.raw)) });
  await sendAll(proxy.socketPath, [encodeLogs({ logs: [{ httpRequest: { url: '/?a=secret' } }] })]);
  await until('it was forwarded', () => forwarded.length > 0);
  expect(forwarded).toEqual(['/?a=secret']);
});
