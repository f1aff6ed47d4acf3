import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from './helpers/code-blocks.js';
import { tableAfter } from './helpers/markdown.js';

/** Sections whose promises are still to be written. */
const EMPTY = [
  'Input that cannot be processed',
  'Input that is expensive',
  'Fairness between connections',
  'Limits for each peer',
  'Shortages',
  'Output of the program itself',
  'Text from agents',
  'The socket file',
  'Start, restart and hand-over',
  'The spool',
];

const page = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8');
const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);

test('docs/reliability.md has a section for each kind of fault', () => {
  expect(sections).toEqual(
    expect.arrayContaining([...EMPTY, 'Health and HTTP', 'Numbers from peers', 'Long runs']),
  );
});

describe.each(sections)('docs/reliability.md, %s', (title) => {
  const from = page.indexOf(`## ${title}\n`);
  const section = page.slice(from, page.indexOf('\n## ', from) + 1 || undefined);
  const rows = tableAfter(section, '| promise');

  test('has the three columns, and promises', () => {
    expect(section).toMatch(/^\| promise +\| figure +\| test +\|$/m);
    if (!EMPTY.includes(title)) expect(rows).not.toEqual([]);
  });

  test('each promise is a sentence, and has a figure and tests that exist', () => {
    for (const row of rows) {
      const [promise = '', figure = '', tests = ''] = row;
      expect(row).toHaveLength(3);
      expect(promise).toMatch(/^[\p{Lu}`\d].{15,}\.$/u);
      expect(figure).not.toBe('');
      const files = tests.split(/, | /).map((file) => file.replaceAll('`', ''));
      const isTest = (file: string) =>
        file.startsWith('__tests__/') &&
        statSync(join(ROOT, file), { throwIfNoEntry: false })?.isFile() === true;
      expect(files.filter((file) => !isTest(file))).toEqual([]);
    }
  });
});
