import { describe, expect, test } from '@jest/globals';
import { quoted, token } from '../../../lib/printable.js';
import { formatBatch } from '../../../lib/text/format.js';
import { appendJsonLines } from '../../../lib/text/json-lines.js';
import { logfmtValue } from '../../../lib/text/logfmt-value.js';
import { TextBuffer } from '../../../lib/text/text-buffer.js';
import { DISPLAYED, type Displayed, INVISIBLE, readLogfmt, readPretty } from '../../helpers/displayed.js';
import { HOSTILE } from '../../helpers/hostile-strings.js';
import { restored } from '../../helpers/repeated.js';

/** The line of a batch, which must be one and consist of visible characters. */
function line({ batch }: Displayed, text: string): string {
  expect(batch.count).toBe(1);
  const [first = '', ...others] = text.split('\n');
  expect(others).toEqual(['']);
  expect(first).not.toMatch(INVISIBLE);
  return first;
}

/** What a text becomes, without quotes. */
const inner = (write: (text: string) => string) => (text: string) => write(text).replace(/^"|"$/g, '');

/** Makes a failure show which text in which field it is. */
function each(check: (displayed: Displayed) => void): void {
  const failures: string[] = [];
  for (const displayed of DISPLAYED) {
    try {
      check(displayed);
    } catch (error) {
      failures.push(`${displayed.name}: ${(error as Error).message}`);
    }
  }
  expect(failures).toEqual([]);
}

test('there are more than 60 hostile texts, and each is different', () => {
  expect(new Set(HOSTILE.map(([, text]) => text)).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThan(60);
});

describe('a hostile text in any field is one visible value, and a reader gets it back unchanged:', () => {
  test.each(['JavaScript', 'WebAssembly'])('json, written by %s', (writer) => {
    each((displayed) => {
      const buffer = new TextBuffer();
      if (writer === 'JavaScript') buffer.append(formatBatch(displayed.batch, 'json'));
      else expect(appendJsonLines(displayed.batch, buffer)).toBeUndefined();
      const read = JSON.parse(line(displayed, buffer.take().toString()));
      const shown = { ...read, sequence_number: String(read.sequence_number) };
      expect(restored(shown, displayed.event, inner(quoted))).toEqual({
        msg: 'boundary_request',
        ...displayed.event,
      });
    });
  });

  test('logfmt', () => {
    each((displayed) => {
      const read = readLogfmt(line(displayed, formatBatch(displayed.batch, 'logfmt')));
      expect(restored(read, displayed.event, inner(logfmtValue))).toEqual({
        msg: 'boundary_request',
        ...displayed.event,
      });
    });
  });

  test('pretty', () => {
    each((displayed) => {
      const { event_time, ...event } = displayed.event;
      const read = readPretty(line(displayed, formatBatch(displayed.batch, 'pretty')));
      const unspaced = (text: string) => token(text).replaceAll(' ', '\\u0020');
      expect(restored(read, event, inner(unspaced))).toEqual({ time: event_time?.slice(11, 22), ...event });
    });
  });
});

test('an escape is never the same text as what looks like one', () => {
  for (const format of ['json', 'logfmt', 'pretty'] as const) {
    const byField = new Map<string, string>();
    for (const { name, batch } of DISPLAYED) {
      const text = formatBatch(batch, format);
      // Two texts may begin with the same 64 bytes.
      if (text.includes('[cut]')) continue;
      expect([byField.get(text), name]).toEqual([undefined, name]);
      byField.set(text, name);
    }
  }
});
