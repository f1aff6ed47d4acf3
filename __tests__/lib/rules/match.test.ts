import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { matches } from '../../../lib/rules/match.js';
import { readRule } from '../../../lib/rules/read-rule.js';

interface Vector {
  rule: string;
  method?: string;
  url?: string;
  parses: boolean;
  matches?: boolean;
}

const vectors: Vector[] = readFileSync(
  new URL('../../fixtures/rules/vectors.ndjson', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));

const rules = [...new Set(vectors.map(({ rule }) => rule))].map(
  (rule) => [JSON.stringify(rule), rule, vectors.filter((vector) => vector.rule === rule)] as const,
);

test('there are 1399 recorded answers of the engine of boundary', () => {
  expect([vectors.length, rules.length]).toEqual([1399, 60]);
});

test.each(rules)('%s: all answers are those of boundary', (_name, text, answers) => {
  const rule = readRule(text);
  const ours = answers.map(({ method = '', url = '', ...answer }) => ({
    ...{ ...answer, method, url, parses: !('position' in rule) },
    ...(answer.matches !== undefined && { matches: !('position' in rule) && matches(rule, method, url) }),
  }));
  expect(ours).toEqual(answers.map((answer) => ({ method: '', url: '', ...answer })));
});
