import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { invocation, shellWord } from '../../../lib/cli/invocation.js';

test.each([
  {
    how: 'node main.js',
    argv0: 'node',
    program: '/a/dist/lib/cli/main.js',
    shown: 'node /a/dist/lib/cli/main.js',
  },
  { how: 'bin/node main.js', argv0: 'bin/node', program: '/a/main.js', shown: '/opt/bin/node /a/main.js' },
  {
    how: 'a link in node_modules/.bin',
    argv0: 'node',
    program: '/p/node_modules/.bin/blp',
    shown: '/p/node_modules/.bin/blp',
  },
  {
    how: 'a folder with a space',
    argv0: 'node',
    program: "/my x's/main.js",
    shown: "node '/my x'\\''s/main.js'",
  },
])('$how is shown as $shown', ({ argv0, program, shown }) => {
  expect(invocation({ argv: ['/opt/bin/node', program], argv0, execPath: '/opt/bin/node' })).toBe(shown);
});

test.each([
  'plain',
  '',
  'a b',
  "it's",
  '$HOME',
  '`ls`',
  'a\nb',
  'a\u202eb',
  '"',
  '\\',
  '*',
  'ö',
  '~',
  '-x=1',
])('a shell reads the word of %j as the same text', (text) => {
  const word = shellWord(text);
  expect(execFileSync('bash', ['-c', `printf %s ${word}`], { encoding: 'utf8' })).toBe(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
  expect(word).not.toMatch(/[\u0000-\u001f\u202e]/);
});
