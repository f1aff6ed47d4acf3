import type { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { until } from './until.js';

/** An object whose methods are called in every order. */
export interface Subject {
  readonly methods: Readonly<Record<string, () => unknown>>;
  /** Ends it, whatever was called before. Then every call has to settle. */
  end(): unknown;
  /** What it shares with the rest of the program. */
  readonly shared?: readonly EventEmitter[];
  /** What must hold afterwards. It throws if that is not so. */
  check?(calls: readonly Call[]): unknown;
}

/** One call, and its result: the code of its error, `ok`, or undefined as long as it has not settled. */
export interface Call {
  readonly method: string;
  result?: string;
}

/** Every order of the names up to a length, also with the same name twice. */
export function ordersOf(names: readonly string[], length: number): string[][] {
  const shorter = length === 1 ? [[]] : ordersOf(names, length - 1);
  const longest = shorter.filter((order) => order.length === length - 1);
  return [
    ...shorter.filter((order) => order.length > 0),
    ...longest.flatMap((order) => names.map((name) => [...order, name])),
  ];
}

/**
 * Calls methods in an order, and ends the object.
 *
 * @param isPatient Whether each call may do some of its work before the next one.
 * @returns the calls and their results, which have all settled.
 */
export async function drive(subject: Subject, order: readonly string[], isPatient: boolean): Promise<Call[]> {
  const { shared = [] } = subject;
  const before = shared.map(listenersOf);
  const calls: Call[] = [];
  for (const method of order) {
    const call = begin(method, subject.methods[method] as () => unknown);
    calls.push(call);
    for (let turns = 0; isPatient && call.result === undefined && turns < 20; turns++) await turn();
  }
  const end = begin('end', () => subject.end());
  const isSettled = () => [...calls, end].every(({ result }) => result !== undefined);
  await until(`${order.join(', ')}: every call has settled, ${JSON.stringify(calls)}`, isSettled);
  if (end.result !== 'ok') throw new Error(`${order.join(', ')}: end() failed with ${end.result}`);
  await until(`${order.join(', ')}: no listener is left: ${JSON.stringify(before)}`, () => {
    return JSON.stringify(shared.map(listenersOf)) === JSON.stringify(before);
  });
  await subject.check?.(calls);
  return calls;
}

function begin(method: string, call: () => unknown): Call {
  const begun: Call = { method };
  // Not in an async function, so that what is thrown at once is noted at once.
  new Promise((resolve) => resolve(call())).then(
    () => (begun.result = 'ok'),
    (error) => (begun.result = String(error?.code ?? error)),
  );
  return begun;
}

/** How many listeners an emitter has, by event, and how many it may have. */
function listenersOf(emitter: EventEmitter): [limit: number, ...counts: string[]] {
  const counts = emitter.eventNames().map((name) => `${String(name)}: ${emitter.listenerCount(name)}`);
  return [emitter.getMaxListeners(), ...counts.sort()];
}

/** What the process has open: descriptors, and whatever keeps it alive. */
export function openResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  // Node opens and keeps these itself.
  for (const kind of ['TTYWrap', 'FSReqCallback', 'Immediate', 'MessagePort']) delete counts[kind];
  for (const target of openDescriptors()) counts[target] = (counts[target] ?? 0) + 1;
  return counts;
}

/** What the descriptors of this process refer to, with `#` for each number. */
function openDescriptors(): string[] {
  if (!existsSync('/proc/self/fd')) return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replaceAll(/\d+/g, '#')];
    } catch {
      // The descriptor of the folder itself is closed by now.
      return [];
    }
  });
}
