import { describe, expect, test } from '@jest/globals';
import { until } from '../helpers/until.js';
import { expectAccepted } from './events.js';
import { programs, type Served } from './programs.js';

const EVENTS = 20;
const { agentApi, serve, send, path } = programs();

const sendTo = (proxy: Served) => send(proxy.socket, '-events', String(EVENTS));

/** Waits for a log line with this message and this error. */
const logged = (proxy: Served, msg: RegExp, why: RegExp) =>
  until(`the log contains ${msg} with the error ${why}`, () =>
    proxy.log().some((line) => msg.test(line.msg) && why.test(line.err?.message ?? '')),
  );

describe('a failure that lasts until somebody acts: the batches are kept', () => {
  test.each([
    ['400, an API older than the method', ['-api-version', '2.6'], [400], /400/],
    ['401, another token', ['-token', 'of another agent'], [401], /401/],
    ['403, the workspace was rebuilt', ['-refuse', '403'], [403], /403/],
    ['buildinfo reports a Coder older than 2.31', ['-build-version', 'v2.30.7+abc'], [], /2\.30\.7/],
    ['unknown method', ['-fault', 'unknown-method'], [101], /unknown rpc/],
    ['unimplemented', ['-fault', 'unimplemented'], [101], /unimplemented/i],
  ])('%s', async (_, fault, attempts, why) => {
    const spool = path();
    const faulty = await agentApi(...fault);
    const proxy = await serve(faulty.url, ['--spool', spool, '--drain', '0']);
    await sendTo(proxy);
    await logged(proxy, /./, why);
    expect(await proxy.close()).toMatchObject({
      received: { logs: EVENTS },
      forwarded: { logs: 0 },
      kept: { logs: EVENTS },
    });
    // The proxy does not retry for minutes.
    expect(faulty.attempts.map(({ status }) => status)).toEqual(attempts);
    expect(faulty.calls.filter(({ answer }) => answer === 'ok')).toEqual([]);

    const healthy = await agentApi();
    const next = await serve(healthy.url, ['--spool', spool]);
    await expectAccepted(healthy, EVENTS);
    await next.close();
  });

  test('the proxy connects to a Coder older than 2.31 if that is allowed', async () => {
    const server = await agentApi('-build-version', 'v2.30.7+abc');
    const proxy = await serve(server.url, ['--coder-allow-old']);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    await proxy.close();
  });
});

describe('a failure that passes: the proxy retries', () => {
  test.each([
    ['429', ['-refuse', '429']],
    ['503', ['-refuse', '503']],
  ])('%s, not before Retry-After', async (status, fault) => {
    const server = await agentApi(...fault, '-retry-after', '2', '-times', '1');
    const proxy = await serve(server.url);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    const [refused, accepted] = server.attempts;
    expect([refused?.status, accepted?.status]).toEqual([Number(status), 101]);
    expect((accepted?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(2000);
    expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
  });

  test.each([
    ['the stream ends without an answer', 'end-stream', 1],
    ['the session ends in a call', 'end-session', 2],
  ])('%s', async (_, fault, connections) => {
    const server = await agentApi('-fault', fault, '-times', '1');
    const proxy = await serve(server.url);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    expect(server.calls.map(({ answer }) => answer)).toEqual([fault, 'ok', 'ok']);
    expect(server.attempts).toHaveLength(connections);
    expect(await proxy.close()).toMatchObject({ forwarded: { logs: EVENTS } });
  });
});

describe('a failure of one batch: the batch is dropped as rejected, and the next one follows', () => {
  test.each([
    ['more logs than the server accepts', ['-batch', '20'], /too many boundary logs/],
    ['a batch that the server cannot decode', ['-unparsable'], /UTF-8/],
  ])('%s', async (_, args, why) => {
    const server = await agentApi('-max-logs', '10');
    const proxy = await serve(server.url);
    await send(proxy.socket, '-events', '20', ...args);
    await logged(proxy, /^dropping boundary logs$/, why);
    await sendTo(proxy);
    await expectAccepted(server, EVENTS);
    expect(await proxy.close()).toMatchObject({
      forwarded: { logs: EVENTS },
      dropped: { rejected: { logs: 20 } },
    });
  });
});
