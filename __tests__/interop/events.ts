import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { until } from '../helpers/until.js';
import type { AgentApi, Call } from './programs.js';

/** The session of the sender, a UUID as boundary's. */
export const SESSION = '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77';

/** All but the logs of each request that the sender makes. */
const ENVELOPE = { session_id: SESSION, confined_process_name: 'interop', added: 'to the request' };

/** Event number `n`, as the sender makes it and the server must have decoded it. */
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

/** Each request holds what the sender put into it, also in the fields that the proxy does not know. */
export function expectWhole(calls: Call[]): void {
  for (const { request } of calls) {
    const { logs, ...envelope } = request;
    expect(envelope).toEqual(ENVELOPE);
    // What is alike is found so much faster.
    const differing = logs.find((log) => !isDeepStrictEqual(log, event(log.sequence_number)));
    if (differing !== undefined) expect(differing).toEqual(event(differing.sequence_number));
  }
}

/** The server takes the events from 0 to below `n`, each once, whole and in order. */
export async function expectTaken(server: AgentApi, n: number): Promise<void> {
  const taken = () => server.calls.filter(({ answer }) => answer === 'ok');
  await until(`${n} events are taken`, () => numbersOf(taken()).length >= n, 90_000);
  expect(numbersOf(taken())).toEqual(numbersTo(n));
  expectWhole(server.calls);
}

/** Runs of calls in one: how often the first one of a run was the last one before it once more, and without it. */
export function joined(runs: Call[][]): { calls: Call[]; again: number } {
  const calls: Call[] = [];
  let again = 0;
  for (const run of runs) {
    const isAgain = isDeepStrictEqual(run[0], calls.at(-1));
    if (isAgain) again += 1;
    calls.push(...run.slice(isAgain ? 1 : 0));
  }
  return { calls, again };
}

/** The numbers of the events in the calls, as they came. */
export function numbersOf(calls: Call[]): number[] {
  return calls.flatMap(({ request }) => request.logs.map((log) => log.sequence_number));
}

/** The numbers from 0 to below `n`. */
export function numbersTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
