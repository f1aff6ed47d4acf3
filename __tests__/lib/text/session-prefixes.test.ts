import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SessionPrefixes } from '../../../lib/text/session-prefixes.js';
import { seed } from '../../helpers/seed.js';

test.each<[name: string, sessions: string[], prefixes: string[]]>([
  ['the only session needs none', ['5f3c1c52', '5f3c1c52'], ['', '']],
  ['two sessions have four characters', ['5f3c1c52', 'a0b1c2d3', '5f3c1c52'], ['', 'a0b1', '5f3c']],
  ['those that begin alike have more', ['5f3c1c52', '5f3c1cff', '5f3c1c52'], ['', '5f3c1cf', '5f3c1c5']],
  ['and so have all others from then on', ['5f3c1c52', '5f3cffff', 'a0b1c2d3'], ['', '5f3cf', 'a0b1c']],
  ['a session that begins another one is complete', ['abcde', 'abcdef', 'abcde'], ['', 'abcdef', 'abcde']],
  ['short sessions are complete', ['a', 'b', 'ab'], ['', 'b', 'ab']],
])('%s', (_name, sessions, prefixes) => {
  const shortened = new SessionPrefixes();
  expect(sessions.map((session) => shortened.of(session))).toEqual(prefixes);
});

test('of any sessions, the prefixes are different, and no longer than needed', () => {
  const session = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'b', '日', '😀') });
  fc.assert(
    fc.property(fc.uniqueArray(session, { minLength: 2, maxLength: 20 }), (sessions) => {
      const shortened = new SessionPrefixes();
      for (const each of sessions) shortened.of(each);
      const prefixes = sessions.map((each) => shortened.of(each));
      for (const [i, prefix] of prefixes.entries()) expect(sessions[i]?.startsWith(prefix)).toBe(true);
      expect(new Set(prefixes).size).toBe(sessions.length);
      const longest = Math.max(...prefixes.map((prefix) => prefix.length));
      const shorter = sessions.map((each) => each.slice(0, longest - 1));
      if (longest > 4) expect(new Set(shorter).size).toBeLessThan(sessions.length);
    }),
    { seed },
  );
});

test('a peer with many sessions takes a limited amount of memory and time', () => {
  const shortened = new SessionPrefixes();
  const first = randomUUID();
  shortened.of(first);
  for (let i = 0; i < 20_000; i++) shortened.of(`${String(i).padStart(64, '0')}`);
  expect(shortened.of(first).startsWith(first.slice(0, 4))).toBe(true);
  expect(shortened.of('x'.repeat(100)).length).toBeLessThanOrEqual(64);
});
