import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { isPrintable } from '../../lib/printable.js';
import { formatBatch } from '../../lib/text/format.js';
import { logfmtValue } from '../../lib/text/logfmt-value.js';
import { DISPLAYED, type Displayed } from '../helpers/displayed.js';
import { restored } from '../helpers/repeated.js';
import { BIN } from './programs.js';

test('go-logfmt reads back every hostile text in every field', () => {
  // It does not accept a bare `=` in a value, which Coder's logger writes.
  const readable = DISPLAYED.filter(({ event }) => !/=/.test(Object.values(event).join('')));
  expect(readable.length).toBeGreaterThan(250);
  const input = readable.map(({ batch }) => formatBatch(batch, 'logfmt')).join('');
  const output = execFileSync(`${BIN}logfmt`, { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  const records = output
    .trimEnd()
    .split('\n')
    .map((line, i) => restored(JSON.parse(line), (readable[i] as Displayed).event));
  expect(records).toEqual(readable.map(({ event }) => ({ msg: 'boundary_request', ...event })));
});

test("each character is quoted if Coder's logger quotes it, or if text does not show it as it is", () => {
  const theirs = execFileSync(`${BIN}quoting`, { encoding: 'latin1', maxBuffer: 1 << 22 });
  expect(theirs).toHaveLength(0x11_0000);
  const wrong: string[] = [];
  for (let point = 0; point < 0x11_0000; point++) {
    const character = String.fromCodePoint(point);
    // Lone surrogates are not UTF-8: text does not contain them.
    if (!character.isWellFormed()) continue;
    const isQuoted = logfmtValue(character).startsWith('"');
    const isExpected = theirs[point] === 'Q' || !isPrintable(character);
    if (isQuoted !== isExpected) wrong.push(point.toString(16));
  }
  expect(wrong).toEqual([]);
});
