import { once, setMaxListeners } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { LogBatch } from '../../../../codec/index.js';
import { OtlpReporter, type OtlpReporterOptions } from '../../../../lib/reporters/otlp/index.js';
import { selfSigned } from '../../../helpers/certificate.js';
import { PLAIN } from '../../../helpers/coder-served.js';
import { eventBatch } from '../../../helpers/event-batch.js';
import { logLines } from '../../../helpers/log-lines.js';
import { logBatch, SESSION } from '../../../helpers/messages.js';
import {
  accept,
  encodeResponse,
  OtlpServer,
  otlpServers,
  type Script,
} from '../../../helpers/otlp-server.js';
import { until } from '../../../helpers/until.js';

const never = new AbortController().signal;
setMaxListeners(0, never);
Object.assign(process.env, PLAIN);
const startServer = otlpServers();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function reporterFor(
  { url }: { readonly url: string },
  options: Partial<OtlpReporterOptions> = {},
): OtlpReporter {
  const reporter = new OtlpReporter({ url, ...options });
  closing.push(() => reporter.close());
  return reporter;
}

const report = (reporter: OtlpReporter, batch: LogBatch = logBatch(1)) =>
  reporter.report(batch, { signal: never });
// biome-ignore lint/suspicious/noExplicitAny: a failure may have any property.
const failure = (reporter: OtlpReporter, batch?: LogBatch): Promise<any> =>
  report(reporter, batch).then(
    () => undefined,
    (error) => error,
  );

const PROTOCOLS = ['http/protobuf', 'http/json'] as const;
const COMPRESSIONS = ['none', 'gzip'] as const;

describe.each(PROTOCOLS)('%s', (protocol) => {
  test.each(COMPRESSIONS)('with compression %s, every field arrives', async (compression) => {
    const server = await startServer();
    const headers = { Authorization: 'Bearer the-token' };
    const resource = { 'host.name': 'ü' };
    const reporter = reporterFor(server, { protocol, compression, headers, resource });
    const before = BigInt(Date.now()) * 1_000_000n;
    const event = {
      decision: 'allow',
      session_id: SESSION,
      confined_process_name: 'claude-code',
      http_method: 'POST',
      http_url: 'https://exämple.com/\u{1f600}?a=b',
      event_time: '2026-03-03T19:42:34.123456789Z',
      matched_rule: 'domain=example.com',
    } as const;
    const numbers = [0, 1, -2_147_483_648, 2_147_483_647];
    await report(reporter, eventBatch(...numbers.map((n) => ({ ...event, sequence_number: n }))));
    await report(reporter, eventBatch({}));
    const [first, second] = server.exports;
    expect(first?.path).toBe('/v1/logs');
    expect(first?.headers).toMatchObject({
      'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      authorization: 'Bearer the-token',
      'user-agent': expect.stringMatching(/^boundary-log-proxy\/\d/),
    });
    expect(first?.headers['content-encoding']).toBe(compression === 'gzip' ? 'gzip' : undefined);
    expect(first?.resource).toEqual({ 'service.name': 'boundary-log-proxy', 'host.name': 'ü' });
    expect(first?.scope).toMatchObject({ name: 'boundary-log-proxy' });
    expect(first?.records).toEqual(
      numbers.map((n) => ({
        eventName: 'boundary_request',
        time: 1_772_566_954_123_456_789n,
        observed: expect.any(BigInt),
        severityNumber: 9,
        severityText: 'INFO',
        body: 'allow POST https://exämple.com/\u{1f600}?a=b',
        attributes: {
          'http.request.method': 'POST',
          'url.full': event.http_url,
          'server.address': 'xn--exmple-cua.com',
          'boundary.decision': 'allow',
          'boundary.session_id': SESSION,
          'boundary.sequence_number': n,
          'boundary.process': 'claude-code',
          'boundary.matched_rule': 'domain=example.com',
        },
      })),
    );
    expect(first?.records[0]?.observed).toBeGreaterThanOrEqual(before);
    expect(second?.records).toMatchObject([
      { time: 0n, severityText: 'WARN', attributes: { 'boundary.decision': 'deny' } },
    ]);
  });

  test('one connection is used for all exports', async () => {
    const server = await startServer();
    const reporter = reporterFor(server, { protocol });
    for (let i = 0; i < 5; i++) await report(reporter);
    expect([server.exports.length, server.connections]).toEqual([5, 1]);
  });
});

test('reports of one tick are one export, and those during an export the next one', async () => {
  const server = await startServer();
  const reporter = reporterFor(server);
  const reports = [0, 1, 2].map((n) => report(reporter, logBatch(1, n)));
  await until('the first export has arrived', () => server.exports.length === 1);
  reports.push(report(reporter, logBatch(2, 3)), report(reporter, logBatch(1, 5)));
  await Promise.all(reports);
  expect(server.numbers).toEqual([
    [0, 1, 2],
    [3, 4, 5],
  ]);
});

test('a batch that becomes large is sent in parts of limited size', async () => {
  const server = await startServer();
  const reporter = reporterFor(server, { maxBytes: 200_000 });
  const texts = { session_id: 's'.repeat(8000), confined_process_name: 'p'.repeat(8000) };
  const events = Array.from({ length: 1000 }, (_, i) => ({ ...texts, sequence_number: i + 1 }));
  await report(reporter, eventBatch(...events));
  expect(server.numbers.flat()).toEqual(events.map(({ sequence_number }) => sequence_number));
  expect(server.exports.length).toBeGreaterThan(3);
  for (const { bytes } of server.exports) expect(bytes).toBeLessThanOrEqual(200_000);
});

test('the observed time of a batch is that of its first report', async () => {
  const server = await startServer((response) => response.writeHead(503).end(), accept);
  const reporter = reporterFor(server);
  const batch = logBatch(1);
  expect(await failure(reporter, batch)).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
  await until(
    'the clock has moved',
    () => BigInt(Date.now()) * 1_000_000n > (server.records[0]?.observed ?? 0n),
  );
  await report(reporter, batch);
  expect(server.records[1]?.observed).toBe(server.records[0]?.observed);
});

describe('a status', () => {
  const says =
    (status: number, headers = {}): Script =>
    (response) => {
      response.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers });
      response.end(encodeResponse('Status', { message: 'as it says' }));
    };

  test.each([
    [429, { 'retry-after': '7' }, 'ERR_CONNECT_FAILED', undefined, 7000],
    [502, {}, 'ERR_CONNECT_FAILED', undefined, undefined],
    [503, { 'retry-after': '0' }, 'ERR_CONNECT_FAILED', undefined, 0],
    [504, {}, 'ERR_CONNECT_FAILED', undefined, undefined],
    [500, {}, 'ERR_CONNECT_FAILED', undefined, undefined],
    [400, {}, 'ERR_CALL_REJECTED', true, undefined],
    [401, {}, 'ERR_CALL_REJECTED', true, undefined],
    [413, {}, 'ERR_CALL_REJECTED', true, undefined],
    [301, { location: 'http://elsewhere/' }, 'ERR_CONNECT_FAILED', undefined, undefined],
  ])('%i with %j', async (status, headers, code, permanent, retryAfterMs) => {
    const server = await startServer(says(status, headers));
    const error = await failure(reporterFor(server));
    expect(error.code).toBe(code);
    expect([error.permanent, error.retryAfterMs]).toEqual([permanent, retryAfterMs]);
    expect(error.message).toContain(`HTTP ${status}`);
    expect(server.exports).toHaveLength(1);
  });

  test('that is a date in Retry-After', async () => {
    const date = new Date(Date.now() + 100_000).toUTCString();
    const server = await startServer(says(503, { 'retry-after': date }));
    const { retryAfterMs } = await failure(reporterFor(server));
    expect(retryAfterMs).toBeGreaterThan(80_000);
    expect(retryAfterMs).toBeLessThanOrEqual(100_000);
  });

  test('an answer that repeats the credentials does not get them into the message', async () => {
    const server = await startServer((response, { headers }) => {
      response.writeHead(401, { 'content-type': 'text/plain' });
      response.end(
        `the key ${headers['x-api-key']} and ${headers.authorization?.split(' ')[1]} are not valid`,
      );
    });
    const headers = { Authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': 'abcd' };
    const error = await failure(reporterFor(server, { headers }));
    expect(error.message).toContain('the key [header] and [header] are not valid');
    expect(JSON.stringify(error)).not.toMatch(/dXNlcjpwYXNz|abcd/);
  });
});

describe('a partial success', () => {
  test.each(PROTOCOLS)('in %s', async (protocol) => {
    const server = await startServer((response) => {
      const partialSuccess = { rejectedLogRecords: 2, errorMessage: 'two are too old' };
      const isJson = protocol === 'http/json';
      response.setHeader('content-type', isJson ? 'application/json' : 'application/x-protobuf');
      response.end(
        isJson
          ? JSON.stringify({ partialSuccess: { ...partialSuccess, rejectedLogRecords: '2' } })
          : encodeResponse('ExportLogsServiceResponse', { partialSuccess }),
      );
    });
    expect(await report(reporterFor(server, { protocol }), logBatch(5))).toMatchObject({
      rejectedLogs: 2,
      error: { message: expect.stringContaining('2 of the 5 logs of an export: two are too old') },
    });
    expect(server.exports).toHaveLength(1);
  });

  test('with a message and nothing rejected is a warning of the server', async () => {
    const server = await startServer((response) => {
      response.setHeader('content-type', 'application/x-protobuf');
      response.end(
        encodeResponse('ExportLogsServiceResponse', { partialSuccess: { errorMessage: 'soon\u001b full' } }),
      );
    });
    const logger = logLines();
    const reporter = reporterFor(server, { logger });
    expect(await report(reporter)).toBeUndefined();
    expect(await report(reporter)).toBeUndefined();
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        message: 'the OpenTelemetry server has accepted logs with a warning',
        fields: { exports: 1, message: 'soon full' },
      },
    ]);
  });
});

describe('a server that', () => {
  test('does not answer: the export ends in time, and the next one has twice as long', async () => {
    const server = await startServer(() => undefined);
    const reporter = reporterFor(server, { timeoutMs: 50 });
    expect(await failure(reporter)).toMatchObject({
      code: 'ERR_CALL_TIMEOUT',
      message: expect.stringContaining('has not answered within 50 ms'),
    });
    expect((await failure(reporter)).message).toContain('within 100 ms');
    server.scripts = [accept];
    await report(reporter);
    expect(server.exports).toHaveLength(3);
  });

  test('sends its answer byte by byte: the export ends in time', async () => {
    const server = await startServer((response) => {
      response.setHeader('content-type', 'application/json');
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    });
    expect(await failure(reporterFor(server, { timeoutMs: 100 }))).toMatchObject({
      code: 'ERR_CALL_TIMEOUT',
    });
  });

  test.each([
    [200, 'ERR_PROTOCOL_VIOLATION'],
    [400, 'ERR_CALL_REJECTED'],
    [503, 'ERR_CONNECT_FAILED'],
  ])('answers %i with a body without an end: only its beginning is read', async (status, code) => {
    let sent = 0;
    let isClosed = false;
    const server = await startServer((response) => {
      response.writeHead(status, { 'content-type': 'text/plain' });
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 65_536;
      };
      response.on('drain', more).on('close', () => {
        isClosed = true;
      });
      more();
    });
    expect(await failure(reporterFor(server))).toMatchObject({ code });
    await until('the connection is closed', () => isClosed);
    expect(sent).toBeLessThan(50_000_000);
  });

  test('answers and ends the connection before it has read a large request: smaller ones arrive', async () => {
    const received: number[] = [];
    const server = createHttpServer((request, response) => {
      const length = Number(request.headers['content-length']);
      if (length > 50_000) {
        response.writeHead(413, { connection: 'close' }).end();
        request.socket.destroySoon();
        return;
      }
      request.resume().on('end', () => {
        received.push(length);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    closing.push(() => server.closeAllConnections());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const reporter = reporterFor({ url });
    let left = Array.from({ length: 40 }, (_, i) => logBatch(25, 25 * i));
    for (let attempts = 0; left.length > 0 && attempts < 50; attempts++) {
      const settled = await Promise.allSettled(left.map((batch) => report(reporter, batch)));
      for (const result of settled)
        if (result.status === 'rejected') expect(result.reason.permanent).toBeUndefined();
      left = left.filter((_, i) => settled[i]?.status === 'rejected');
    }
    expect(left).toEqual([]);
    expect(received.length).toBeGreaterThan(7);
  });

  test('ends the connection without an answer', async () => {
    const server = await startServer((response) => response.destroy());
    expect(await failure(reporterFor(server))).toMatchObject({ code: 'ERR_CONNECTION_LOST' });
  });

  test.each([
    [200, 'ERR_CONNECTION_LOST'],
    [503, 'ERR_CONNECT_FAILED'],
    [400, 'ERR_CALL_REJECTED'],
  ])('ends the connection within the answer %i', async (status, code) => {
    const server = await startServer((response) => {
      response.writeHead(status, { 'content-length': '100' });
      response.write('{');
      response.once('drain', () => undefined);
      setTimeout(() => response.destroy(), 20);
    });
    expect(await failure(reporterFor(server))).toMatchObject({ code });
  });

  test('has closed the connection that was kept open: the next export uses another one', async () => {
    const server = await startServer();
    const reporter = reporterFor(server);
    for (let i = 0; i < 20; i++) {
      await report(reporter);
      // The reporter may or may not notice this before its next export.
      server.dropConnections();
    }
    expect(server.connections).toBeGreaterThan(1);
    expect(server.exports.length).toBeGreaterThanOrEqual(20);
  });

  test('does not listen', async () => {
    const server = await startServer();
    await server.close();
    const error = await failure(reporterFor(server));
    expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED', cause: { code: 'ECONNREFUSED' } });
    expect(error.message).toBe(
      `the OpenTelemetry server cannot be reached at ${server.url} (ECONNREFUSED: connect ECONNREFUSED ${new URL(server.url).host})`,
    );
  });

  test('has a name that does not exist', async () => {
    const error = await failure(reporterFor({ url: 'http://does-not-exist.invalid:4317/v1/logs' }));
    expect(error.code).toBe('ERR_CONNECT_FAILED');
    // It is the port for gRPC, whatever else is wrong.
    expect(error.message).toContain('Port 4317 is usually that for gRPC, and 4318 that for HTTP');
  });

  test('does not speak HTTP', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      // As a server of HTTP/2 begins.
      socket.on('error', () => undefined).write(Buffer.from('00000604000000000000050000400000', 'hex'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await failure(reporterFor({ url }))).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining('What answers is not HTTP'),
    });
  });
});

describe('with TLS', () => {
  const { cert, key } = selfSigned();
  const startTls = async (options = {}) => {
    const server = await new OtlpServer({ cert, key, ...options }).listen();
    closing.push(() => server.close());
    return server;
  };

  test('a private authority is trusted', async () => {
    const server = await startTls();
    await report(reporterFor(server, { tls: { ca: cert } }));
    expect(server.exports).toHaveLength(1);
  });

  test('an unknown authority is not, and the message says what to do', async () => {
    const server = await startTls();
    expect(await failure(reporterFor(server))).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining('Trust its certificate authority with OTEL_EXPORTER_OTLP_CERTIFICATE'),
    });
    expect(await failure(reporterFor(server, { tls: { ca: selfSigned().cert } }))).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
    });
    expect(server.exports).toEqual([]);
  });

  test('a certificate for another address is not trusted', async () => {
    const other = selfSigned([127, 0, 0, 2]);
    const server = await startTls(other);
    const error = await failure(reporterFor(server, { tls: { ca: other.cert } }));
    expect(error.message).toContain('Its certificate is for another name');
    expect(error).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  test('the client has a certificate', async () => {
    const client = selfSigned();
    const server = await startTls({ ca: client.cert, requestCert: true, rejectUnauthorized: true });
    await report(reporterFor(server, { tls: { ca: cert, ...client } }));
    expect(server.exports).toHaveLength(1);
    const error = await failure(reporterFor(server, { tls: { ca: cert } }));
    expect(['ERR_CONNECT_FAILED', 'ERR_CONNECTION_LOST']).toContain(error.code);
    expect(server.exports).toHaveLength(1);
  });

  test('a URL with the wrong scheme says so', async () => {
    const plain = await startServer();
    const secure = await startTls();
    const https = await failure(reporterFor({ url: plain.url.replace('http:', 'https:') }));
    expect(https.message).toContain('Does this port speak TLS?');
    const http = await failure(reporterFor({ url: secure.url.replace('https:', 'http:') }));
    expect(['ERR_CONNECT_FAILED', 'ERR_CONNECTION_LOST']).toContain(http.code);
  });
});

test('an abort ends the request when its answer has had another second', async () => {
  let isClosed = false;
  const server = await startServer((response) => {
    response.on('close', () => {
      isClosed = true;
    });
  });
  const reporter = reporterFor(server);
  const controller = new AbortController();
  const reported = reporter.report(logBatch(1), { signal: controller.signal });
  await until('the export has arrived', () => server.exports.length === 1);
  controller.abort(new Error('enough'));
  await expect(reported).rejects.toThrow('enough');
  await until('the connection is closed', () => isClosed);
});

test('close() ends what is in progress, and reports fail from then on', async () => {
  const server = await startServer(() => undefined);
  const reporter = reporterFor(server);
  const reported = failure(reporter);
  await until('the export has arrived', () => server.exports.length === 1);
  reporter.close();
  reporter.close();
  expect(await reported).toMatchObject({ code: 'ERR_CLOSED' });
  expect(await failure(reporter)).toMatchObject({ code: 'ERR_CLOSED' });
});
