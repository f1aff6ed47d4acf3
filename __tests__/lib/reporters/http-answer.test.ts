import { expect, test } from '@jest/globals';
import { oneLine } from '../../../lib/reporters/http-answer.js';

test.each([
  ['plain', 'plain'],
  ['  two\r\nlines\u2028and\u001b[31m more ', 'two lines and [31m more'],
  ['x'.repeat(301), `${'x'.repeat(300)}…`],
])('the text %j of a server fits on one line of a message', (text, line) => {
  expect(oneLine(text)).toBe(line);
});
