import { describe, expect, test } from '@jest/globals';
import { EventLog } from '../../../../lib/console/page/event-log.js';
import { EVERYTHING } from '../../../../lib/console/page/filter.js';
import { type PageEvent, pageEvent } from '../../../../lib/console/page/page-event.js';
import { seed } from '../../../helpers/seed.js';

const event = (number: number, isDenied = false, host = 'a.example') =>
  pageEvent(number, {
    decision: isDenied ? 'deny' : 'allow',
    http_method: 'GET',
    http_url: `https://${host}/${number}`,
  });
const numbersOf = (log: EventLog) => Array.from({ length: log.length }, (_, row) => log.at(row)?.number);

describe('lists', () => {
  test('the newest first', () => {
    const log = new EventLog(10);
    log.add([event(0), event(1, true), event(2)]);
    expect(numbersOf(log)).toEqual([2, 1, 0]);
    expect([log.size, log.deniedCount, log.at(3), log.at(-1)]).toEqual([3, 1, undefined, undefined]);
  });

  test('the denied ones first, if that is wanted', () => {
    const log = new EventLog(10);
    log.setFilter({ ...EVERYTHING, order: 'denied' });
    const events = [event(0), event(1, true), event(2), event(3, true)];
    log.add(events);
    expect(numbersOf(log)).toEqual([3, 1, 2, 0]);
    expect(events.map((each) => log.rowOf(each))).toEqual([3, 1, 2, 0]);
  });

  test('what the filter accepts, also of what arrives later', () => {
    const log = new EventLog(10);
    log.add([event(0), event(1, true)]);
    log.setFilter({ ...EVERYTHING, decision: 'denied' });
    log.add([event(2), event(3, true)]);
    expect(numbersOf(log)).toEqual([3, 1]);
    expect(log.rowOf(event(2))).toBe(-1);
  });

  test('nothing new while it is held; what waits is counted', () => {
    const log = new EventLog(10);
    log.add([event(0)]);
    log.isHeld = true;
    log.add([event(1), event(2)]);
    expect([numbersOf(log), log.waiting]).toEqual([[0], 2]);
    log.showAll();
    expect([numbersOf(log), log.waiting]).toEqual([[2, 1, 0], 0]);
  });
});

test('old events are removed, and what is held does not move', () => {
  const log = new EventLog(100);
  log.add(Array.from({ length: 90 }, (_, i) => event(i, i % 2 === 0)));
  log.isHeld = true;
  const first = log.at(0);
  log.add(Array.from({ length: 20 }, (_, i) => event(90 + i)));
  expect([log.size, log.at(0), log.waiting]).toEqual([95, first, 20]);
  expect([log.isGone(event(0)), log.isGone(event(109))]).toEqual([true, false]);
  expect(log.deniedCount).toBe(37);
});

test('random use leads to the same as a list that is filtered anew', () => {
  let state = seed;
  const below = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  const log = new EventLog(200);
  const all: PageEvent[] = [];
  for (let step = 0; step < 500; step++) {
    const added = Array.from({ length: below(10) }, () => {
      const made = event(all.length, below(3) === 0, `${'abc'[below(3)]}.example`);
      all.push(made);
      return made;
    });
    log.add(added);
    if (below(5) === 0) {
      log.setFilter({
        text: ['', 'host:a.example', 'b.example'][below(3)] as string,
        decision: (['all', 'denied', 'allowed'] as const)[below(3)] as 'all',
        order: below(2) === 0 ? 'newest' : 'denied',
      });
    }
    const { text, decision, order } = log.filter;
    const kept = all.slice(all.length - log.size).reverse();
    const matching = kept.filter(
      ({ host, isDenied }) =>
        text.endsWith(host.slice(text === '' ? host.length : 0)) &&
        (decision === 'all' || isDenied === (decision === 'denied')),
    );
    const expected =
      order === 'newest'
        ? matching
        : [...matching.filter(({ isDenied }) => isDenied), ...matching.filter(({ isDenied }) => !isDenied)];
    const hosts = log.hosts.first(10, 'most').map(({ host, denied, allowed }) => [host, denied, allowed]);
    const counted = ['a', 'b', 'c'].map((name) => {
      const of = kept.filter(({ host }) => host === `${name}.example`);
      const denied = of.filter(({ isDenied }) => isDenied).length;
      return [`${name}.example`, denied, of.length - denied];
    });
    const found = { seed, step, numbers: numbersOf(log), hosts: hosts.sort() };
    expect(found).toEqual({
      seed,
      step,
      numbers: expected.map(({ number }) => number),
      hosts: counted.filter(([, a, b]) => Number(a) + Number(b) > 0),
    });
  }
});

describe('hosts', () => {
  const log = new EventLog(100);
  log.add([
    event(0, true, 'old.example'),
    event(1, false, 'allowed.example'),
    event(2, false, 'allowed.example'),
    event(3, true, 'new.example'),
  ]);

  test.each([
    ['newest', ['new.example', 'old.example', 'allowed.example']],
    ['most', ['new.example', 'old.example', 'allowed.example']],
  ] as const)('in the order %s', (order, expected) => {
    expect(log.hosts.first(10, order).map(({ host }) => host)).toEqual(expected);
    expect(log.hosts.first(1, order).map(({ host }) => host)).toEqual(expected.slice(0, 1));
  });
});
