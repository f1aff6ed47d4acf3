import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { until } from '../helpers/until.js';
import type { AgentApi, Call } from './programs.js';

/** The session of the sender: a UUID, as boundary uses. */
export const SESSION = '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77';

/** The fields of each request of the sender, except for its logs. */
const ENVELOPE = { session_id: SESSION, confined_process_name: 'interop', added: 'to the request' };

/** Event number `n`, as the sender creates it and as the server must decode it. */
function event(n: number): unknown {
  const isAllowed = n % 3 !== 2;
  return {
    allowed: isAllowed,
    time: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString().replace('.000Z', '.123456789Z'),
    http_request: {
      method: 'GET',
      url: `https://example.com/${n}?q=é`,
      matched_rule: isAllowed ? 'domain=example.com' : '',
      added: 'to the HTTP request',
    },
    sequence_number: n,
    added: 'to the log',
  };
}

/** Each request contains everything that the sender put into it, including fields that the proxy does not know. */
export function expectWhole(calls: Call[]): void {
  for (const { request } of calls) {
    const { logs, ...envelope } = request;
    expect(envelope).toEqual(ENVELOPE);
    // Comparing first is much faster than calling expect() for each log.
    const differing = logs.find((log) => !isDeepStrictEqual(log, event(log.sequence_number)));
    if (differing !== undefined) expect(differing).toEqual(event(differing.sequence_number));
  }
}

/** Waits until the server has accepted the events from 0 to `n` - 1, each once, complete and in order. */
export async function expectAccepted(server: AgentApi, n: number): Promise<void> {
  const accepted = () => server.calls.filter(({ answer }) => answer === 'ok');
  await until(`${n} events are accepted`, () => numbersOf(accepted()).length >= n, 90_000);
  expect(numbersOf(accepted())).toEqual(numbersTo(n));
  expectWhole(server.calls);
}

/**
 * Joins runs of calls. If the first call of a run repeats the last call of the run before, it is left out.
 *
 * @returns `repeated`: how many calls were left out.
 */
export function joined(runs: Call[][]): { calls: Call[]; repeated: number } {
  const calls: Call[] = [];
  let repeated = 0;
  for (const run of runs) {
    const isRepeated = isDeepStrictEqual(run[0], calls.at(-1));
    if (isRepeated) repeated += 1;
    calls.push(...run.slice(isRepeated ? 1 : 0));
  }
  return { calls, repeated };
}

/** The numbers of the events in the calls, in the order of arrival. */
export function numbersOf(calls: Call[]): number[] {
  return calls.flatMap(({ request }) => request.logs.map((log) => log.sequence_number));
}

/** The numbers from 0 to `n` - 1. */
export function numbersTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
