import { describe, expect, test } from '@jest/globals';
import {
  callFailure,
  isLasting,
  proxyFailure,
  refusalFailure,
} from '../../../../lib/reporters/coder/failures.js';
import type { Refusal } from '../../../../lib/reporters/coder/http-reply.js';

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
  const refusal = (status: number, { retryAfter, from = 'Coder' }: Partial<Refusal> = {}) =>
    refusalFailure(URL, { status, retryAfter, from, answer: `HTTP ${status}: what it says` });

  test.each([
    [400, 'Coder', 'lasting', 'Coder 2.31.1 and newer. Upgrade it, or allow old servers (--coder-allow-old)'],
    [400, 'anybody', 'passing', 'is this address correct'],
    [401, 'Coder', 'refused', 'does not accept this agent token'],
    [401, 'anybody', 'refused', 'does not accept this agent token'],
    [401, 'others', 'passing', 'is this address correct'],
    [403, 'Coder', 'passing', 'let WebSockets and this agent through'],
    [404, 'Coder', 'passing', 'is this address correct'],
    [302, 'anybody', 'passing', 'is this address correct'],
    [200, 'others', 'passing', 'is this address correct'],
    [407, 'others', 'passing', 'is this address correct'],
    [408, 'others', 'passing', 'is not available'],
    [425, 'anybody', 'passing', 'is not available'],
    [429, 'Coder', 'passing', 'is not available'],
    [500, 'Coder', 'passing', 'is not available'],
    [502, 'others', 'passing', 'is not available'],
  ] as const)('%d of %s is %s, and its message says in one line what to do', (status, from, kind, what) => {
    const error = refusal(status, { from });
    expect(error.code).toBe(kind === 'passing' ? 'ERR_CONNECT_FAILED' : 'ERR_CODER_REFUSED');
    expect(isLasting(error)).toBe(kind === 'lasting');
    expect(error.retryAfterMs).toBe(kind === 'lasting' ? 120_000 : undefined);
    expect(error.permanent).toBeUndefined();
    expect(error.message).toMatch(new RegExp(`^[^\n]*HTTP ${status}: what it says[^\n]*$`));
    expect(error.message).toContain(what);
  });

  test.each([
    [429, '30', 30_000],
    [502, 'nonsense', undefined],
    [503, '0', 0],
    [404, '5', 5000],
    [401, '5', undefined],
  ])('%d with Retry-After %p', (status, retryAfter, ms) => {
    expect(refusal(status, { retryAfter }).retryAfterMs).toBe(ms);
  });

  test.each([
    [407, 'ERR_CODER_REFUSED', 'user and password'],
    [403, 'ERR_CODER_REFUSED', 'NO_PROXY'],
    [405, 'ERR_CODER_REFUSED', 'NO_PROXY'],
    [302, 'ERR_CONNECT_FAILED', 'is not available'],
    [404, 'ERR_CONNECT_FAILED', 'is not available'],
    [429, 'ERR_CONNECT_FAILED', 'is not available'],
    [502, 'ERR_CONNECT_FAILED', 'is not available'],
  ])('%d from an HTTP proxy', (status, code, text) => {
    expect(proxyFailure(status)).toMatchObject({ code, message: expect.stringContaining(text) });
  });
});
