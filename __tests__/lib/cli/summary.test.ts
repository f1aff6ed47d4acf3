import { describe, expect, test } from '@jest/globals';
import { encodeLogs, encodeStatus } from '../../../codec/index.js';
import { isPrintable } from '../../../lib/printable.js';
import { type BoundaryEvent, logOf } from '../../../lib/text/event.js';
import { command } from '../../helpers/command.js';
import { HOSTILE } from '../../helpers/hostile-strings.js';

const event = (decision: 'allow' | 'deny', http_url: string, session_id = 's1', name = 'claude-code') => ({
  ...{ decision, http_method: 'GET', http_url, session_id, sequence_number: 0, confined_process_name: name },
});
const asInput = (all: readonly BoundaryEvent[]) => all.map((one) => `${JSON.stringify(one)}\n`).join('');

const INPUT = asInput([
  event('allow', 'https://a.example/x'),
  event('deny', 'https://b.example:8443/y'),
  event('deny', 'http://user@b.example/z', 's2', 'codex'),
  event('allow', 'b.example:443', 's2', 'codex'),
  event('deny', 'https://[2001:db8::1]/', 's2', 'codex'),
  { decision: 'deny' },
]);

async function run(args: string[], input: string | Buffer = INPUT, isTTY = false) {
  const { code, bytes, errors } = await command(['summary', ...args], input, isTTY);
  return { code, output: bytes.toString(), errors };
}

test('hosts, sessions and processes by decision, the most denied first', async () => {
  expect(await run([])).toEqual({
    code: 0,
    errors: '',
    output: `6 events: 4 denied, 2 allowed

host         denied  allowed
b.example         2        1
-                 1        0
2001:db8::1       1        0
a.example         0        1

session  denied  allowed
s2            2        1
s1            1        1
-             1        0

process      denied  allowed
codex             2        1
claude-code       1        1
-                 1        0
`,
  });
});

test('one line of JSON', async () => {
  const { output } = await run(['--json']);
  expect(output.match(/\n/g)).toHaveLength(1);
  expect(JSON.parse(output)).toMatchObject({
    ...{ events: 6, denied: 4, allowed: 2, dropped_by_senders: '0' },
    sessions: [
      { session_id: 's2', denied: 2, allowed: 1 },
      { session_id: 's1', denied: 1, allowed: 1 },
      { session_id: '', denied: 1, allowed: 0 },
    ],
    left_out: { hosts: 0, sessions: 0, processes: 0 },
  });
});

test('what senders dropped', async () => {
  const capture = Buffer.concat([
    encodeLogs({ sessionId: 's', logs: [logOf(event('deny', 'https://a.example/'))] }),
    encodeStatus({ droppedChannelFull: 2n ** 62n, droppedBatchFull: 2n ** 62n }),
    encodeStatus({ droppedChannelFull: -5n, droppedBatchFull: 1n }),
  ]);
  const { output } = await run([], capture);
  expect(output).toContain(`boundary itself dropped ${2n ** 63n + 1n} events`);
  expect(JSON.parse((await run(['--json'], capture)).output).dropped_by_senders).toBe(String(2n ** 63n + 1n));
});

test('a terminal shows the first rows of each table', async () => {
  const many = asInput(Array.from({ length: 30 }, (_, i) => event('deny', `https://h${i}.example/`)));
  expect((await run([], many, true)).output).toContain('\nand 10 more: --json shows them\n');
  expect((await run([], many)).output).not.toContain(' more: ');
});

test('no events', async () => {
  expect(await run([], '')).toEqual({ code: 0, output: '0 events: 0 denied, 0 allowed\n', errors: '' });
});

test('memory is bounded, and what there is no room for is counted', async () => {
  const many = asInput(Array.from({ length: 10_050 }, (_, i) => event('deny', `https://h${i}.example/`)));
  expect((await run([], many)).output).toContain(
    '\nand 50 events of further rows, for which the table has no room\n',
  );
  expect(JSON.parse((await run(['--json'], many)).output)).toMatchObject({
    ...{ events: 10_050, denied: 10_050, left_out: { hosts: 50, sessions: 0 } },
  });
});

describe('hostile texts in each field', () => {
  test.each(HOSTILE)('%s', async (_name, text) => {
    const input = asInput([event('deny', text, text, text), event('deny', `https://${text}/`, text, text)]);
    for (const args of [[], ['--json']]) {
      const { output } = await run(args, input);
      expect(output.split('\n').filter((line) => !isPrintable(line))).toEqual([]);
      expect(output).not.toMatch(/^msg=|^19:42/m);
    }
  });

  test('a host of a megabyte', async () => {
    const { output } = await run([], asInput([event('deny', `https://${'x'.repeat(500_000)}/`)]));
    expect(output.length).toBeLessThan(2000);
  });
});

test('what cannot be read is reported, and the exit code says so', async () => {
  const { code, errors, output } = await run([], `${INPUT}nonsense\n`);
  expect([code, errors]).toEqual([1, 'stdin, line 7: it is neither JSON nor logfmt: "nonsense"\n']);
  expect(output).toMatch(/^6 events/);
});
