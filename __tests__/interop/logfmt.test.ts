import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { formatBatch } from '../../lib/text/format.js';
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
