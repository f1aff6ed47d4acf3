import { describe, expect, test } from '@jest/globals';
import {
  type Level,
  matchesRule,
  parseRule,
  type RequestedEvent,
  ruleFor,
  suggestRules,
} from '../../../lib/rules/index.js';
import { MAX_GROUPS } from '../../../lib/rules/suggester.js';
import { random } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';

/** Events from lines such as `GET https://a.example/x`. */
const events = (...lines: string[]): RequestedEvent[] =>
  lines.map((line) => {
    const [http_method = '', http_url = ''] = line.split(' ');
    return { http_method, http_url };
  });

const rulesFor = (lines: string[], by?: Level) =>
  suggestRules(events(...lines), by).rules.map(({ rule, events }) => `${events} ${rule}`);

const UUIDS = ['0b7c5b1e-6f0e-4f7e-9d55-3f4b0a5e2c11', '1b7c5b1e-6f0e-4f7e-9d55-3f4b0a5e2c12'];
const HASHES = ['574bb78', 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'];

describe('suggestions', () => {
  test.each<[string, string[], Level | undefined, string[]]>([
    ['nothing', [], undefined, []],
    [
      'the same request twice, with another query',
      ['GET https://a.example/x?1', 'GET https://a.example/x?2'],
      undefined,
      ['2 method=GET domain=a.example path=/x'],
    ],
    [
      'two methods of one path',
      ['GET https://a.example/x', 'POST https://a.example/x'],
      undefined,
      ['2 method=GET,POST domain=a.example path=/x'],
    ],
    [
      'several paths with the same methods',
      ['GET https://a.example/x', 'GET https://a.example/y', 'POST https://a.example/z'],
      undefined,
      ['2 method=GET domain=a.example path=/x,/y', '1 method=POST domain=a.example path=/z'],
    ],
    [
      'several domains',
      ['GET https://b.example/x', 'GET https://a.example/x', 'GET https://b.example/x'],
      undefined,
      ['2 method=GET domain=b.example path=/x', '1 method=GET domain=a.example path=/x'],
    ],
    [
      'several numbers inside of a path',
      ['GET https://a.example/i/1/x', 'GET https://a.example/i/2/x'],
      undefined,
      ['2 method=GET domain=a.example path=/i/*/x'],
    ],
    [
      'several UUIDs inside of a path',
      UUIDS.map((id) => `GET https://a.example/i/${id}/x`),
      undefined,
      ['2 method=GET domain=a.example path=/i/*/x'],
    ],
    [
      'several hashes inside of a path',
      HASHES.map((id) => `GET https://a.example/i/${id}/x`),
      undefined,
      ['2 method=GET domain=a.example path=/i/*/x'],
    ],
    [
      'a number and a UUID inside of a path, which are of different kinds',
      ['GET https://a.example/i/1/x', `GET https://a.example/i/${UUIDS[0]}/x`],
      undefined,
      [`2 method=GET domain=a.example path=/i/${UUIDS[0]}/x,/i/1/x`],
    ],
    [
      'one number inside of a path',
      ['GET https://a.example/i/1/x', 'GET https://a.example/i/1/x'],
      undefined,
      ['2 method=GET domain=a.example path=/i/1/x'],
    ],
    [
      'one that changes, and one that does not',
      ['GET https://a.example/1/2/x', 'GET https://a.example/1/3/x'],
      undefined,
      ['2 method=GET domain=a.example path=/1/*/x'],
    ],
    [
      'numbers at the end of a path',
      ['GET https://a.example/i/1', 'GET https://a.example/i/2'],
      undefined,
      ['2 method=GET domain=a.example path=/i/1,/i/2'],
    ],
    [
      'a wildcard that a wider one covers',
      ['GET https://a.example/i/1/', 'GET https://a.example/i/', 'GET https://a.example/i/7'],
      undefined,
      ['3 method=GET domain=a.example path=/i/*'],
    ],
    [
      'the root, which only a rule for the domain allows',
      [
        'GET https://a.example/',
        'GET https://a.example/x',
        'POST https://a.example/x',
        'GET https://a.example/y/',
      ],
      undefined,
      ['3 method=GET domain=a.example', '1 method=POST domain=a.example path=/x'],
    ],
    [
      'a wildcard, which stands at the end of a rule',
      ['GET https://a.example/x/', 'GET https://a.example/y', 'GET https://a.example/z/'],
      undefined,
      ['2 method=GET domain=a.example path=/y,/x/*', '1 method=GET domain=a.example path=/z/*'],
    ],
    [
      'a wildcard that covers a name',
      ['GET https://a.example/i/1/x', 'GET https://a.example/i/2/x', 'GET https://a.example/i/me/x'],
      undefined,
      ['3 method=GET domain=a.example path=/i/*/x'],
    ],
    [
      'by method',
      ['GET https://a.example/x', 'GET https://a.example/y', 'POST https://a.example/z'],
      'method',
      ['3 method=GET,POST domain=a.example'],
    ],
    [
      'by domain',
      ['GET https://a.example/x', 'POST https://b.example/y', 'POST https://a.example/z'],
      'domain',
      ['2 domain=a.example', '1 domain=b.example'],
    ],
  ])('%s', (_what, lines, by, rules) => {
    expect(rulesFor(lines, by)).toEqual(rules);
  });

  test('say what else a wildcard allows', () => {
    const [rule] = suggestRules(events('GET https://a.example/i/1/x/', 'GET https://a.example/i/2/x/')).rules;
    expect(rule).toEqual({
      rule: 'method=GET domain=a.example path=/i/*/x/*',
      events: 2,
      example: { http_method: 'GET', http_url: 'https://a.example/i/1/x/' },
      alsoAllows: [
        'any segment in place of each * in /i/*/x/*',
        'everything below /i/*/x/, because no rule can name /i/*/x/ alone',
      ],
    });
  });

  test('list the events without a rule, by the reason and the part that it concerns', () => {
    const { rules, inexpressible } = suggestRules(
      events(
        ...['GET https://[::1]/a', 'GET https://[::1]/b', 'GET https://[::2]/a'],
        ...['GET https://a.example/x,y', 'GET https://a.example/x,y?q', 'GET https://a.example/z,y'],
      ),
    );
    expect(rules).toEqual([]);
    expect(inexpressible.map(({ events, part, example }) => `${events} ${part} ${example.http_url}`)).toEqual(
      [
        '2 domain https://[::1]/a',
        '2 path https://a.example/x,y',
        '1 domain https://[::2]/a',
        '1 path https://a.example/z,y',
      ],
    );
  });

  test('a request that another rule also allows needs no rule of its own', () => {
    const given = events(
      'GET https://a.example/x/',
      'GET https://a.example/x/a,b',
      'PUT https://a.example/x/a,b',
    );
    expect(suggestRules(given)).toMatchObject({
      rules: [{ rule: 'method=GET domain=a.example path=/x/*', events: 2 }],
      inexpressible: [{ part: 'path', events: 1, example: { http_method: 'PUT' } }],
    });
  });

  test('a rule has several paths only as long as it can be read', () => {
    const paths = Array.from(
      { length: 50 },
      (_, i) => `/some/longer/path/${String.fromCharCode(97 + (i % 26))}${i}`,
    );
    const { rules } = suggestRules(events(...paths.map((path) => `GET https://a.example${path}`)));
    expect(rules.length).toBeLessThan(25);
    for (const { rule } of rules) expect(rule.length).toBeLessThanOrEqual(100);
  });
});

test('millions of different requests keep the memory bounded, and the account is complete', () => {
  function* many() {
    for (let i = 0; i < MAX_GROUPS + 1000; i++)
      yield { http_method: 'GET', http_url: `https://a.example/x${i}y` };
    for (let i = 0; i < 5000; i++) yield { http_method: 'GET', http_url: `https://a.example/i/${i}/x` };
    yield { http_method: 'GET', http_url: 'https://a.example/x0y' };
  }
  const { rules, leftOut } = suggestRules(many());
  expect(leftOut).toBe(6000);
  expect(rules.reduce((sum, rule) => sum + rule.events, 0)).toBe(MAX_GROUPS + 1);
  const long = Array.from({ length: 40 }, (_, i) => ({
    ...{ http_method: 'GET', http_url: `https://a.example/${i}${'x'.repeat(500_000)}` },
  }));
  expect(suggestRules(long).leftOut).toBeGreaterThan(20);
});

test('a path of very many segments has no rule', () => {
  const deep = (i: number) => `https://a.example/k${i}/${'x/'.repeat(100_000)}`;
  const given = Array.from({ length: 40 }, (_, i) => ({ http_method: 'GET', http_url: deep(i) }));
  // Each of them would be a rule of 200,000 characters, and a tree that needs 20 MB.
  const { rules, leftOut } = suggestRules(given);
  expect([rules.length, leftOut]).toEqual([2, 38]);
});

test('thousands of wide rules and of requests that none can name', () => {
  function* many() {
    for (let i = 0; i < 6000; i++) {
      yield { http_method: 'GET', http_url: `https://a.example/x${i}/` };
      yield { http_method: 'GET', http_url: `https://a.example/y${i},` };
      yield { http_method: 'GET', http_url: `https://a.example/x${i}/z,` };
    }
  }
  const { rules, inexpressible, leftOut } = suggestRules(many());
  expect(rules.every(({ events }) => events === 2)).toBe(true);
  expect([rules.length, inexpressible.length, leftOut]).toEqual([6000, 6000, 0]);
});

describe(`random events (TEST_SEED=${seed})`, () => {
  const next = random(seed);
  const one = <T>(values: readonly T[]) => values[Math.floor(next() * values.length)] as T;
  const METHODS = ['GET', 'GET', 'POST', 'HEAD', 'get', 'X-A', '*', 'GE T', ''];
  const HOSTS = [
    ...['a.example', 'b.a.example', 'A.example', 'a.example:8443', 'u:p@a.example', '10.0.0.1', 'localhost'],
    ...['[::1]', 'a.example.', 'ü.example', 'a_b.example', '', '*.example', 'example'],
  ];
  const SEGMENTS = [
    ...[
      'x',
      'y',
      'X',
      '1',
      '2',
      '3',
      ...UUIDS,
      ...HASHES,
      '',
      '',
      '*',
      '*x',
      'x*',
      ',',
      'a,b',
      '%2C',
      '%2F',
      '%20',
    ],
    ...['%41', '%2541', 'ü', '"', 'a b', '.', '..', ':@', '%', '%00', "'", '$(x)', '`x`', 'a;b'],
  ];
  const event = (): RequestedEvent => {
    const path = Array.from({ length: Math.floor(next() * 5) }, () => `/${one(SEGMENTS)}`).join('');
    const suffix = one(['', '', '?q=/z', '#f', '?', '#%']);
    return {
      http_method: one(METHODS),
      http_url: `${one(['https://', 'http://', ''])}${one(HOSTS)}${path}${suffix}`,
    };
  };
  const universe = Array.from({ length: 1000 }, event);

  const LEVELS: Level[] = ['domain', 'method', 'path'];
  test.each(LEVELS)('by %s: each event is allowed by a rule, or listed', (by) => {
    const ruleOf = new Map(universe.map((event) => [event, ruleFor(event, by)]));
    for (let round = 0; round < 20; round++) {
      const given = Array.from({ length: 1 + Math.floor(next() * 60) }, () => one(universe));
      const { rules, inexpressible, leftOut } = suggestRules(given, by);
      const parsed = rules.map(({ rule }) => parseRule(rule));
      const fitting = given.map((event) => ruleOf.get(event) as ReturnType<typeof ruleFor>);
      const covered = given.filter((_, i) => 'rule' in (fitting[i] as object));
      expect(covered.filter((event) => !parsed.some((rule) => matchesRule(rule, event)))).toEqual([]);
      for (const { rule, example } of rules) expect(matchesRule(parseRule(rule), example)).toBe(true);
      // The account is complete.
      const sum = (counts: readonly { events: number }[]) =>
        counts.reduce((total, { events }) => total + events, 0);
      const allowed = given.filter((event) => parsed.some((rule) => matchesRule(rule, event)));
      expect([sum(rules), sum(inexpressible), leftOut]).toEqual([
        allowed.length,
        given.length - allowed.length,
        0,
      ]);
      // No rule allows another domain than those of the events, and none allows more than it says.
      const domains = new Set(
        fitting.flatMap((found) => ('rule' in found ? [/domain=\S+/.exec(found.rule)?.[0]] : [])),
      );
      for (const { rule } of rules) expect(domains).toContain(/domain=\S+/.exec(rule)?.[0]);
      const exact = new Set(fitting.flatMap((found) => ('rule' in found ? [found.rule] : [])));
      for (const [i, { alsoAllows }] of rules.entries()) {
        if (alsoAllows.length > 0) continue;
        const allowed = universe.filter((other) => matchesRule(parsed[i] as (typeof parsed)[number], other));
        const more = allowed.map((other) => ruleOf.get(other) as (typeof fitting)[number]);
        expect(more.filter((own) => !('rule' in own) || !exact.has(own.rule))).toEqual([]);
      }
      // No rule could be left out.
      for (const [i, rule] of parsed.entries()) {
        const others = parsed.filter((_, j) => j !== i);
        const alone = covered.filter((event) => !others.some((other) => matchesRule(other, event)));
        expect(alone.some((event) => matchesRule(rule, event))).toBe(true);
      }
    }
  });
});
