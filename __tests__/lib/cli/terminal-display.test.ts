import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { encodeFrame } from '../../../codec/index.js';
import { token } from '../../../lib/printable.js';
import { DISPLAYED, INVISIBLE, readPretty } from '../../helpers/displayed.js';
import { MAIN } from '../../helpers/processes.js';
import { restored } from '../../helpers/repeated.js';
import { tempPaths } from '../../helpers/temp.js';
import { HAS_TMUX, terminals } from '../../helpers/terminal.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const open = terminals();
const onTerminal = HAS_TMUX ? test : test.skip;

/** How each line begins. No other row of the terminal may begin like this. */
const BEGINNING = /^\d\d:\d\d:\d\d\S* +(allow|deny) /;

onTerminal(
  `every hostile text is one value on a screen of 80 columns, and no row imitates a line${HAS_TMUX ? '' : ' (skipped: tmux is not installed)'}`,
  async () => {
    const capture = path();
    writeFileSync(capture, Buffer.concat(DISPLAYED.map(({ batch }) => encodeFrame(1, batch.raw))));
    const screen = open(`${process.execPath} ${MAIN} decode ${capture} --wide --utc; echo done`);
    await until('all is shown', () => screen.capture('rows').some((row) => row.startsWith('done')), 60_000);
    const rows = screen.capture('rows');
    const lines = screen.capture('lines').slice(0, DISPLAYED.length);
    const failures: string[] = [];
    for (const [i, { name, event }] of DISPLAYED.entries()) {
      try {
        const shown = (lines[i] ?? '').trimEnd();
        expect(shown).not.toMatch(INVISIBLE);
        const { event_time, ...rest } = event;
        const unspaced = (text: string) => token(text).replaceAll(' ', '\\u0020').replace(/^"|"$/g, '');
        expect(restored(readPretty(shown), rest, unspaced)).toEqual({
          time: event_time?.slice(11, 22),
          ...rest,
        });
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
      }
    }
    expect(failures).toEqual([]);
    expect(rows.filter((row) => BEGINNING.test(row))).toHaveLength(DISPLAYED.length);
    expect(rows.length).toBeGreaterThan(DISPLAYED.length);
  },
  90_000,
);
