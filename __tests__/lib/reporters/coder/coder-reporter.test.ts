import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { LogBatch, Tag } from '../../../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../../../codec/messages.js';
import { Forwarder } from '../../../../lib/index.js';
import { CoderReporter, type CoderReporterOptions } from '../../../../lib/reporters/coder/index.js';
import { type AgentCall, type AgentServer, agentServers, TOKEN } from '../../../helpers/agent-server.js';
import { logLines } from '../../../helpers/log-lines.js';
import { logBatch } from '../../../helpers/messages.js';
import { drpcFrame } from '../../../helpers/naive-agent-wire.js';
import { until } from '../../../helpers/until.js';

const startServer = agentServers();
const made: CoderReporter[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const reporter of made.splice(0)) await reporter.close();
});

function reporterFor({ url }: { url: string }, options: Partial<CoderReporterOptions> = {}): CoderReporter {
  const fast = { reconnectInitialDelayMs: 1, reconnectMaxDelayMs: 5 };
  const reporter = new CoderReporter({ url, token: TOKEN, ...fast, ...options });
  made.push(reporter);
  return reporter;
}

const never = { signal: new AbortController().signal };
const logsIn = ({ request }: AgentCall) => ReportBoundaryLogsRequest.decode(request).logs.length;
/** The last bytes of a call, and the flags of its stream's frames. */
const endOf = ({ id, received, session }: AgentCall) => ({
  last: received.subarray(-4).toString('hex'),
  flags: session.frames.filter((frame) => frame.id === id).map(({ flags }) => flags),
});

/** Answers the first call in its own way, and accepts all others. */
function first(server: AgentServer, what: (call: AgentCall) => void): void {
  server.onCall = (call) => (server.calls.length === 1 ? what(call) : call.ok());
}

describe('a batch', () => {
  test('is sent with the bytes that were received, on a new stream', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    const unknown = Buffer.from('4a03616263', 'hex');
    const batches = [logBatch(3), new LogBatch(Tag.V2, 0, Buffer.alloc(0)), new LogBatch(Tag.V2, 0, unknown)];
    for (const batch of batches) {
      Object.defineProperty(batch, 'request', { get: () => expect('request').toBe('not to be decoded') });
      await reporter.report(batch, never);
    }
    expect(server.calls.map(({ request }) => request)).toEqual(batches.map(({ raw }) => raw));
    expect(server.calls.map(({ id, method }) => [id, method])).toEqual(
      [1, 3, 5].map((id) => [id, '/coder.agent.v2.Agent/ReportBoundaryLogs']),
    );
    expect(server.sessions).toHaveLength(1);
    const rpc = server.requests.at(-1);
    expect(rpc?.url).toBe('/api/v2/workspaceagents/me/rpc?version=2.8&role=boundary-log-proxy');
    expect(rpc?.headers).toMatchObject({ 'coder-session-token': TOKEN });
    expect(rpc?.headers).not.toHaveProperty('origin');
    expect(rpc?.headers).not.toHaveProperty('sec-websocket-extensions');
  });

  test('closes its stream with one packet and one FIN after the answer, not before', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    let call: AgentCall | undefined;
    server.onCall = (made) => {
      call = made;
    };
    const reported = reporter.report(logBatch(1), never);
    await until('the call has arrived', () => call);
    expect(endOf(call as AgentCall)).toEqual({ last: '0d010300', flags: [1] });
    call?.ok();
    await reported;
    await until('the stream is closed', () => endOf(call as AgentCall).flags.length > 1);
    expect(endOf(call as AgentCall)).toEqual({ last: '0b010400', flags: [1, 4] });
  });

  test('of more than 1000 logs takes several calls', async () => {
    const server = await startServer();
    await reporterFor(server).report(logBatch(2500), never);
    expect(server.calls.map(logsIn)).toEqual([1000, 1000, 500]);
  });

  test('continues with the part that failed; once it was accepted, it starts from its beginning', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    server.onCall = (call) => (server.calls.length === 2 ? call.reset() : call.ok());
    const batch = logBatch(2500);
    await expect(reporter.report(batch, never)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    await reporter.report(batch, never);
    expect(server.calls.map(logsIn)).toEqual([1000, 1000, 1000, 500]);
    await reporter.report(batch, never);
    expect(server.calls).toHaveLength(7);
  });

  test('that is larger than the window waits until the server has read', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    const session = await server.session();
    session.grants = false;
    const raw = Buffer.concat([logBatch(1).raw, Buffer.from('4a80b518', 'hex'), Buffer.alloc(400_000, 0x61)]);
    const reported = reporter.report(new LogBatch(Tag.V2, 1, raw), never);
    const streams = session.streams;
    await until('the window is used up', () => streams.get(1)?.received.length === 256 * 1024);
    await turn();
    expect(server.calls).toEqual([]);
    session.send(1, 0, 1, 1024 * 1024);
    await reported;
    expect(server.calls[0]?.request.equals(raw)).toBe(true);
  });

  test('of more than 4 MiB is a permanent failure', async () => {
    const server = await startServer();
    const raw = Buffer.alloc(4 * 1024 * 1024 + 1);
    await expect(reporterFor(server).report(new LogBatch(Tag.V2, 1, raw), never)).rejects.toMatchObject({
      code: 'ERR_CALL_REJECTED',
      permanent: true,
    });
  });

  test('does not wait for others that are reported at the same time', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    server.onCall = (call) => {
      if (server.calls.length < 3) return;
      for (const call of [...server.calls].reverse()) call.ok();
      expect(call.id).toBe(5);
    };
    await Promise.all([1, 2, 3].map((n) => reporter.report(logBatch(n), never)));
    expect(server.calls.map(logsIn)).toEqual([1, 2, 3]);
  });
});

describe('the answer', () => {
  test.each([
    ['an error of the method', 0, 'too many boundary logs', 'ERR_CALL_REJECTED', true, undefined],
    ['unimplemented', 12, 'Unimplemented', 'ERR_CODER_REFUSED', undefined, 120_000],
    ['unknown rpc', 0, 'protocol error: unknown rpc: "/x"', 'ERR_CODER_REFUSED', undefined, 120_000],
    ['interrupted', 0, 'context canceled', 'ERR_CONNECTION_LOST', undefined, undefined],
  ])('%s', async (_what, code, text, expected, permanent, retryAfterMs) => {
    const server = await startServer();
    const logger = logLines();
    const reporter = reporterFor(server, { logger });
    first(server, (call) => call.error(code, text));
    const error = await reporter.report(logBatch(1), never).catch((error) => error);
    expect(error).toMatchObject({ code: expected, message: expect.stringContaining(text) });
    expect([error.permanent, error.retryAfterMs]).toEqual([permanent, retryAfterMs]);
    await reporter.report(logBatch(1), never);
    expect(server.sessions).toHaveLength(1);
    // What would be a second line within 30 s waits for them, or for the end.
    await reporter.close();
    const outage = logger.lines.filter(({ message }) => message.includes('available'));
    expect(outage.map(({ level }) => level)).toEqual(permanent ? [] : ['warn', 'warn']);
  });

  const oversized = Buffer.from('05010181808002', 'hex');
  test.each<[string, (call: AgentCall) => void, string]>([
    ['a FIN', (call) => call.fin(), 'ERR_CONNECTION_LOST'],
    ['a RST', (call) => call.reset(), 'ERR_CONNECTION_LOST'],
    ['a cancel', (call) => call.bytes(drpcFrame({ kind: 4, message: 1 })), 'ERR_CONNECTION_LOST'],
    ['a close', (call) => call.bytes(drpcFrame({ kind: 5, message: 1 })), 'ERR_CONNECTION_LOST'],
    ['a close-send', (call) => call.bytes(drpcFrame({ kind: 6, message: 1 })), 'ERR_CONNECTION_LOST'],
    [
      'an unexpected packet',
      (call) => call.bytes(drpcFrame({ kind: 1, message: 1 })),
      'ERR_PROTOCOL_VIOLATION',
    ],
    ['a packet of more than 4 MiB', (call) => call.bytes(oversized), 'ERR_PROTOCOL_VIOLATION'],
  ])('%s instead: only this call fails, and it may be repeated', async (_what, instead, code) => {
    const server = await startServer();
    const reporter = reporterFor(server);
    first(server, instead);
    const error = await reporter.report(logBatch(1), never).catch((error) => error);
    expect(error.code).toBe(code);
    expect([error.permanent, error.retryAfterMs]).toEqual([undefined, undefined]);
    await reporter.report(logBatch(1), never);
    expect(server.sessions).toHaveLength(1);
  });

  test('that does not arrive in time: the call is reset', async () => {
    const server = await startServer();
    const reporter = reporterFor(server, { callTimeoutMs: 30 });
    await server.session();
    first(server, () => undefined);
    const error = await reporter.report(logBatch(1), never).catch((error) => error);
    expect(error.code).toBe('ERR_CALL_TIMEOUT');
    await until('it is reset', () => endOf(server.calls[0] as AgentCall).flags.includes(8));
    await reporter.report(logBatch(1), never);
    expect(server.sessions).toHaveLength(1);
  });

  test('that arrives shortly after an abort: the report succeeds', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    first(server, () => undefined);
    const giveUp = new AbortController();
    const reported = reporter.report(logBatch(1), giveUp);
    await until('the call has arrived', () => server.calls.length === 1);
    giveUp.abort(new Error('enough'));
    server.calls[0]?.ok();
    await reported;
  });

  test('that does not arrive after an abort: the call is reset', async () => {
    const server = await startServer();
    const reporter = reporterFor(server, { callTimeoutMs: 500 });
    first(server, () => undefined);
    const giveUp = new AbortController();
    const reported = reporter.report(logBatch(1), giveUp);
    await until('the call has arrived', () => server.calls.length === 1);
    giveUp.abort(new Error('enough'));
    await expect(reported).rejects.toThrow('enough');
    await until('it is reset', () => endOf(server.calls[0] as AgentCall).flags.includes(8));
    // Too late.
    server.calls[0]?.ok();
    await expect(reporter.report(logBatch(1), giveUp)).rejects.toThrow('enough');
    await reporter.report(logBatch(1), never);
    expect(server.calls).toHaveLength(2);
  });
});

describe('the connection', () => {
  test('is opened before the first batch, and answers pings from the start', async () => {
    const server = await startServer();
    server.onSession = (session) => session.send(2, 1, 0, 4711);
    reporterFor(server);
    const session = await server.session();
    await until('there is an answer', () => session.pongs.length === 1);
    expect(session.pongs).toEqual([4711]);
    expect(server.calls).toEqual([]);
  });

  test.each<[string, (call: AgentCall) => void, string]>([
    ['is closed', ({ session }) => session.websocket.close(1001), 'ERR_CONNECTION_LOST'],
    ['is reset', ({ session }) => session.socket.destroy(), 'ERR_CONNECTION_LOST'],
    ['receives a text message', ({ session }) => session.websocket.send('text'), 'ERR_PROTOCOL_VIOLATION'],
    [
      'receives a message of more than 4 MiB',
      ({ session }) => session.websocket.send(Buffer.alloc(4 * 1024 * 1024 + 1)),
      'ERR_CONNECTION_LOST',
    ],
    [
      'receives another protocol than yamux',
      ({ session }) => session.websocket.send('HTTP/1.1 400', { binary: true }),
      'ERR_PROTOCOL_VIOLATION',
    ],
    ['receives Go Away with an error', ({ session }) => session.send(3, 0, 0, 2), 'ERR_CONNECTION_LOST'],
  ])('that %s: the call in progress fails, and the reporter reconnects', async (_what, instead, code) => {
    const server = await startServer();
    const reporter = reporterFor(server);
    first(server, instead);
    const error = await reporter.report(logBatch(1), never).catch((error) => error);
    expect(error.code).toBe(code);
    expect(error.permanent).toBeUndefined();
    await server.session(1);
    await reporter.report(logBatch(1), never);
    expect(server.calls).toHaveLength(2);
  });

  test('that receives Go Away ends after the last call, and the reporter reconnects', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    server.onCall = () => undefined;
    const reported = reporter.report(logBatch(1), never);
    await until('the call has arrived', () => server.calls.length === 1);
    const session = await server.session();
    session.send(3, 0, 0, 0);
    session.send(2, 1, 0, 1);
    await until('it has answered the ping', () => session.pongs.length === 1);
    server.onCall = (call) => call.ok();
    const next = reporter.report(logBatch(2), never);
    server.calls[0]?.ok();
    await reported;
    await next;
    await until('it is closed', () => session.closeCode !== undefined);
    expect(session.closeCode).toBe(1000);
    expect(server.calls.map((call) => call.session)).toEqual(server.sessions);
  });

  test('is reopened while nobody reports anything', async () => {
    const server = await startServer();
    const logger = logLines();
    const reporter = reporterFor(server, { logger, reconnectMaxDelayMs: 60_000 });
    const said = () => logger.lines.map(({ level, message }) => `${level}: ${message}`);
    await until('it is connected', () => said().includes('info: connected to Coder'));
    server.sessions[0]?.socket.destroy();
    await until('it is connected again', () => said().includes('debug: connected to Coder'));
    expect(said()).not.toContain('warn: Coder is available again');
    await reporter.close();
    expect(said()[1]).toBe('warn: Coder is not available; retrying');
    expect(said()).toContain('warn: Coder is available again');
  });

  test('between two attempts: a report fails at once, and says when the next attempt is', async () => {
    const server = await startServer();
    const { url } = server;
    await server.stop();
    const logger = logLines();
    const reporter = reporterFor(
      { url },
      { logger, reconnectInitialDelayMs: 60_000, reconnectMaxDelayMs: 60_000 },
    );
    const error = await reporter.report(logBatch(1), never).catch((error) => error);
    expect(error).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringMatching(/^Coder cannot be reached at http:.*ECONNREFUSED/),
      cause: expect.anything(),
    });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    const again = await reporter.report(logBatch(1), never).catch((error) => error);
    expect(again.message).toBe(error.message);
    expect(logger.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'Coder is not available; retrying'],
    ]);
  });

  test('that is not established in time is a failure', async () => {
    const server = await startServer();
    server.answers = false;
    const reporter = reporterFor(server, { connectTimeoutMs: 20, reconnectMaxDelayMs: 60_000 });
    await expect(reporter.report(logBatch(1), never)).rejects.toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining('no connection within 20 ms'),
    });
  });

  test('that is about to be opened: a report waits for it', async () => {
    const server = await startServer();
    server.refusal = { status: 503 };
    const reporter = reporterFor(server, { reconnectInitialDelayMs: 0, reconnectMaxDelayMs: 0 });
    await until('it has been refused', () => server.requests.length > 2);
    const reported = reporter.report(logBatch(1), never).catch((error) => error);
    server.refusal = undefined;
    await reporter.report(logBatch(2), never);
    expect(await reported).toBeUndefined();
  });

  test('that was refused: the Forwarder comes back for the next attempt, not after delays of its own', async () => {
    const server = await startServer();
    server.refusal = () => (server.requests.length < 6 ? { status: 401 } : undefined);
    const reporter = reporterFor(server, { reconnectInitialDelayMs: 200, reconnectMaxDelayMs: 200 });
    const forwarder = new Forwarder(reporter, {
      retry: { initialDelayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    forwarder.write(logBatch(1));
    await new Promise<void>((resolve) => forwarder.end(resolve));
    expect(server.requests).toHaveLength(6);
    expect(server.calls).toHaveLength(1);
  });

  test('that is refused with 401 for 5 minutes: the next attempts follow after 2 minutes', async () => {
    const server = await startServer();
    server.refusal = { status: 401, body: '{"message":"Agent not authorized"}' };
    const logger = logLines();
    const now = performance.now.bind(performance);
    let later = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + later);
    const reporter = reporterFor(server, { logger, reconnectInitialDelayMs: 60, reconnectMaxDelayMs: 60 });
    const waitMs = async () =>
      (await reporter.report(logBatch(1), never).catch((error) => error)).retryAfterMs;
    await until('it was refused more than once', () => server.requests.length > 2);
    later = 299_000;
    expect(await waitMs()).toBeLessThan(100);
    later = 301_000;
    await until('it waits', async () => (await waitMs()) > 100_000);
    expect(await waitMs()).toBeLessThanOrEqual(120_000);
    const lines = logger.lines.map(({ fields }) => (fields.err as Error).message);
    expect(lines).toEqual([
      expect.stringContaining('passes by itself'),
      expect.stringContaining('for more than 5 minutes'),
    ]);
    await reporter.close();
  });

  test('that is being opened: a report ends when its signal aborts', async () => {
    const server = await startServer();
    const reporter = reporterFor(server, { token: () => new Promise(() => undefined) });
    const reported = reporter.report(logBatch(1), { signal: AbortSignal.timeout(5) });
    await expect(reported).rejects.toThrow('aborted');
  });
});

test('a server that answers too late receives a batch only a few times, because calls get more time', async () => {
  const server = await startServer();
  server.onCall = (call) => void setTimeout(() => call.ok(), 120);
  const reporter = reporterFor(server, { callTimeoutMs: 100 });
  const report = () =>
    reporter.report(logBatch(1), never).then(
      () => 'reported',
      ({ code }) => code,
    );
  const results = [await report()];
  while (results.at(-1) !== 'reported') {
    expect(results.length).toBeLessThan(8);
    results.push(await report());
  }
  expect(new Set(results)).toEqual(new Set(['ERR_CALL_TIMEOUT', 'reported']));
});

test('a Forwarder with retries and this reporter lose nothing, whatever goes wrong', async () => {
  const server = await startServer();
  const reporter = reporterFor(server, { callTimeoutMs: 100 });
  const faults: ((call: AgentCall) => void)[] = [
    (call) => call.fin(),
    ({ session }) => session.socket.destroy(),
    (call) => call.reset(),
    ({ session }) => session.websocket.close(),
    ({ session }) => session.send(3, 0, 0, 0),
    () => undefined,
  ];
  server.onCall = (call) => {
    const fault = server.calls.length % 3 === 1 ? faults.shift() : undefined;
    (fault ?? ((call: AgentCall) => call.ok()))(call);
  };
  const forwarder = new Forwarder(reporter, { retry: { initialDelayMs: 1, maxDelayMs: 5 } });
  for (let i = 0; i < 20; i++) {
    // One call for each of them.
    const reported = once(forwarder, 'forward');
    forwarder.write(logBatch(1, i));
    await reported;
  }
  await new Promise<void>((resolve) => forwarder.end(resolve));
  const numbers = server.calls.map(
    ({ request }) => ReportBoundaryLogsRequest.decode(request).logs[0]?.sequenceNumber,
  );
  expect([...new Set(numbers)]).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(faults).toEqual([]);
});

describe('close()', () => {
  test('sends Go Away, fails the calls in progress, and leaves no connection', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    const session = await server.session();
    server.onCall = () => undefined;
    const reported = reporter.report(logBatch(1), never).catch((error) => error);
    await until('the call has arrived', () => server.calls.length === 1);
    await reporter.close();
    expect(await reported).toMatchObject({ code: 'ERR_CLOSED' });
    await until('it is closed', () => server.open === 0);
    expect(session.frames.at(-1)).toMatchObject({ type: 3, length: 0 });
    expect(session.closeCode).toBe(1000);
    await expect(reporter.report(logBatch(1), never)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await reporter.close();
  });

  test('does not wait for a silent server', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    const session = await server.session();
    session.socket.pause();
    await reporter.close();
  });

  test('ends an attempt in progress, and the delay between two', async () => {
    const server = await startServer();
    const hanging = reporterFor(server, { token: () => new Promise(() => undefined) });
    const waiting = hanging.report(logBatch(1), never).catch((error) => error);
    await hanging.close();
    expect(await waiting).toMatchObject({ code: 'ERR_CLOSED' });
    server.refusal = { status: 401 };
    const refused = reporterFor(server, { reconnectInitialDelayMs: 60_000, reconnectMaxDelayMs: 60_000 });
    await refused.report(logBatch(1), never).catch(() => undefined);
    await refused.close();
  });
});

test('the token is neither logged, nor in an error, nor visible in the reporter', async () => {
  const server = await startServer();
  const logger = logLines();
  const reporter = reporterFor(server, {
    logger,
    reconnectInitialDelayMs: 60_000,
    reconnectMaxDelayMs: 60_000,
  });
  server.refusal = { status: 401, body: JSON.stringify({ message: 'no' }) };
  const error = await reporter.report(logBatch(1), never).catch((error) => error);
  await until('it is logged', () => logger.lines.length > 0);
  for (const shown of [error, logger.lines, reporter]) {
    expect(inspect(shown, { depth: 20, showHidden: true })).not.toContain(TOKEN);
  }
  expect(server.requests.at(-1)?.headers['coder-session-token']).toBe(TOKEN);
});
