import { describe, expect, test } from '@jest/globals';
import {
  callFailure,
  oneLine,
  parseRetryAfter,
  proxyFailure,
  refusalFailure,
} from '../../../../lib/reporters/coder/failures.js';

const LASTING = { code: 'ERR_CODER_REFUSED', retryAfterMs: 120_000 };
const URL = 'https://coder.example.com/api/v2/workspaceagents/me/rpc';

test.each([
  [12n, 'Unimplemented', LASTING],
  [0n, 'protocol error: unknown rpc: "/coder.agent.v2.Agent/ReportBoundaryLogs"', LASTING],
  [0n, 'unknown rpc: "/x"', LASTING],
  [0n, 'too many boundary logs in one request', { code: 'ERR_CALL_REJECTED', permanent: true }],
  [0n, 'proto: cannot parse invalid wire-format data', { code: 'ERR_CALL_REJECTED', permanent: true }],
  [7n, '', { code: 'ERR_CALL_REJECTED', permanent: true }],
  [0n, 'context canceled', { code: 'ERR_CONNECTION_LOST' }],
  [0n, 'write logs: context deadline exceeded', { code: 'ERR_CONNECTION_LOST' }],
])('an error packet of code %d, %j', (code, text, expected) => {
  const error = callFailure(code, text);
  expect(error).toMatchObject(expected);
  expect(error.message).toContain(text);
  expect('permanent' in error).toBe('permanent' in expected);
  expect('retryAfterMs' in error).toBe('retryAfterMs' in expected);
});

describe('HTTP', () => {
  const refusal = (status: number, retryAfter?: string) =>
    refusalFailure(URL, { status, retryAfter, text: 'what it says' });

  test.each([
    [400, 'needs Coder 2.30 or newer'],
    [401, 'does not know this agent token'],
    [403, 'rebuilt'],
    [404, 'is this address correct'],
    [302, 'is this address correct'],
    [200, 'is this address correct'],
  ])('%d is a lasting failure whose message says in one line what to do', (status, what) => {
    const error = refusal(status, '5');
    expect(error).toMatchObject(LASTING);
    expect(error.message).toMatch(new RegExp(`^[^\n]*${what}[^\n]*HTTP ${status}: what it says`));
    expect(error.permanent).toBeUndefined();
  });

  test.each([
    [408, undefined, undefined],
    [425, undefined, undefined],
    [429, '30', 30_000],
    [500, undefined, undefined],
    [502, 'nonsense', undefined],
    [503, '0', 0],
  ])('%d with Retry-After %p may pass', (status, retryAfter, ms) => {
    const error = refusal(status, retryAfter);
    expect(error.code).toBe('ERR_CONNECT_FAILED');
    expect(error.retryAfterMs).toBe(ms);
  });

  test.each([
    [407, 'ERR_CODER_REFUSED', 'user and password'],
    [403, 'ERR_CODER_REFUSED', 'NO_PROXY'],
    [429, 'ERR_CONNECT_FAILED', 'is not available'],
    [502, 'ERR_CONNECT_FAILED', 'is not available'],
  ])('%d from an HTTP proxy', (status, code, text) => {
    expect(proxyFailure(status)).toMatchObject({ code, message: expect.stringContaining(text) });
  });
});

const NOW = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
test.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['120', 120_000],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Wed, 21 Oct 2026 07:00:00 GMT', 0],
  ['600', 600_000],
  ['Wed, 21 Oct 2126 07:28:00 GMT', 36_524 * 86_400_000],
  ['9'.repeat(400), Number.POSITIVE_INFINITY],
  ['-5', 0],
])('Retry-After: %p', (header, ms) => {
  expect(parseRetryAfter(header, NOW)).toBe(ms);
});

test.each([
  ['plain', 'plain'],
  ['  two\r\nlines\u2028and\u001b[31m more ', 'two lines and [31m more'],
  ['x'.repeat(301), `${'x'.repeat(300)}…`],
])('the text %j of a server fits on one line of a message', (text, line) => {
  expect(oneLine(text)).toBe(line);
});
