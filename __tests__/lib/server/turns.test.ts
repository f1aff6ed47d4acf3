import { scheduler, setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, jest, test } from '@jest/globals';
import { Turns, type Waiter } from '../../../lib/server/turns.js';
import { until } from '../../helpers/until.js';

afterEach(() => void jest.restoreAllMocks());

function burn(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Has a number of steps to do, each of which takes a while. */
class Worker implements Waiter {
  readonly #turns: Turns;
  readonly #done: string[];
  readonly #name: string;
  readonly #ms: number;
  left: number;

  constructor(turns: Turns, done: string[], name: string, left: number, ms: number) {
    this.#turns = turns;
    this.#done = done;
    this.#name = name;
    this.left = left;
    this.#ms = ms;
  }

  takeTurn(): void {
    do {
      burn(this.#ms);
      this.#done.push(this.#name);
      this.left -= 1;
    } while (!this.#turns.stepped() && this.left > 0);
    if (this.left > 0) this.#turns.wait(this);
  }
}

test('one that is alone is not interrupted until its budget is used up', () => {
  let now = 1000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const turns = new Turns();
  turns.arrived(65_536);
  const steps: boolean[] = [];
  for (; now < 1005; now += 0.5) steps.push(turns.stepped());
  expect(steps).toEqual([false, false, false, false, false, false, true, true, true, true]);
});

test('within one turn of the event loop, a long time ends the turn, and the next one begins anew', async () => {
  const turns = new Turns();
  turns.stepped();
  turns.arrived(65_536);
  burn(20);
  // It may be a new turn, so this only begins to count.
  turns.stepped();
  burn(20);
  expect(turns.stepped()).toBe(true);
  expect(turns.isOver).toBe(true);
  await turn();
  expect(turns.isOver).toBe(false);
  expect(turns.stepped()).toBe(false);
});

test('small pieces with pauses in between are not taken for one long turn', () => {
  let now = 1000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const nextTurn = jest.spyOn(scheduler, 'yield');
  const turns = new Turns();
  for (; now < 2000; now += 2) {
    turns.arrived(1000);
    expect(turns.stepped()).toBe(false);
  }
  expect(nextTurn).not.toHaveBeenCalled();
  for (let i = 0; i < 20; i++, now += 2) {
    turns.arrived(65_536);
    turns.stepped();
  }
  expect(nextTurn).toHaveBeenCalled();
});

test('those who wait take turns, one step each, and the event loop continues in between', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const workers = ['a', 'b', 'c'].map((name) => new Worker(turns, done, name, 20, 1));
  for (const worker of workers) turns.wait(worker);
  let loops = 0;
  while (turns.waiting > 0) {
    await turn();
    loops += 1;
  }
  expect(done.join('')).toBe('abc'.repeat(20));
  // 60 ms of work with a budget of 3 ms for each turn of the event loop.
  expect(loops).toBeGreaterThan(10);
});

test('one step that takes too long does not keep the others from theirs', async () => {
  const turns = new Turns();
  const done: string[] = [];
  turns.wait(new Worker(turns, done, 'long', 5, 30));
  turns.wait(new Worker(turns, done, 'short', 5, 0));
  await until('all is done', () => turns.waiting === 0);
  expect(done.slice(0, 4)).toEqual(['long', 'short', 'long', 'short']);
});

test('the others get their turn even if one throws', () => {
  const later: (() => void)[] = [];
  const nextTurn = Promise.resolve();
  jest.spyOn(nextTurn, 'then').mockImplementation(((run: () => void) => later.push(run)) as never);
  jest.spyOn(scheduler, 'yield').mockReturnValue(nextTurn);
  const turns = new Turns();
  const done: string[] = [];
  turns.wait({
    takeTurn() {
      throw new Error('broken');
    },
  });
  turns.wait(new Worker(turns, done, 'other', 1, 0));
  expect(later.shift()).toThrow('broken');
  later.shift()?.();
  expect(done).toEqual(['other']);
});

test('after stop() nobody waits any more', async () => {
  const turns = new Turns();
  const done: string[] = [];
  turns.wait(new Worker(turns, done, 'a', 1, 0));
  turns.stop();
  turns.wait(new Worker(turns, done, 'b', 1, 0));
  burn(10);
  turns.stepped();
  burn(10);
  expect([turns.stepped(), turns.isOver, turns.waiting]).toEqual([false, false, 0]);
  await turn();
  expect(done).toEqual([]);
});

test('no more than 64 wait, because each of them keeps memory', async () => {
  const turns = new Turns();
  const done: string[] = [];
  for (let i = 0; i < 63; i++) turns.wait(new Worker(turns, done, 'a', 1, 0));
  burn(5);
  expect([turns.stepped(), turns.isOver]).toEqual([true, true]);
  turns.wait(new Worker(turns, done, 'a', 1, 0));
  expect([turns.stepped(), turns.isOver]).toEqual([false, false]);
  await until('all is done', () => turns.waiting === 0);
  expect(done).toHaveLength(64);
});
