import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { encodeFrame, encodeLogs } from '../../../codec/index.js';
import { ShownUrl } from '../../../lib/text/shown-url.js';
import { DISPLAYED } from '../../helpers/displayed.js';
import { SESSION } from '../../helpers/messages.js';
import { commands, MAIN } from '../../helpers/processes.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { HAS_TMUX, terminals } from '../../helpers/terminal.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const open = terminals();
const start = commands();
const onTerminal = HAS_TMUX ? test : test.skip;

/** How each line begins. No other row of the terminal may begin like this. */
const BEGINNING = /^\d\d:\d\d:\d\d\S* +(allow|deny) /;

interface Shown {
  allowed?: boolean;
  url: string;
  rule?: string;
  session?: string;
}

function frame({ allowed = false, url, rule = '', session = SESSION }: Shown): Buffer {
  const time = { seconds: 1_772_566_954, nanos: 120_000_000 };
  const httpRequest = { method: 'GET', url, matchedRule: rule };
  return encodeLogs({ sessionId: session, logs: [{ allowed, time, httpRequest, sequenceNumber: 3 }] });
}

const RULE = 'domain=example.com';
const FRAMES = [
  frame({ url: 'https://example.com/short' }),
  frame({ url: `https://example.com/${'long/'.repeat(50)}` }),
  frame({ url: `https://example.com/${'long/'.repeat(50)}`, allowed: true, rule: RULE }),
  frame({ url: `https://日本.example/${'日本/'.repeat(50)}` }),
  frame({ url: `https://example.com/${'😀'.repeat(50)}` }),
  frame({ url: `https://${'host.'.repeat(20)}example/path` }),
  frame({ url: 'https://example.com/', session: 'a0b1c2d3' }),
];

/** The rows of a terminal that are not empty. */
const rowsOf = (rows: string[]) => rows.map((row) => row.trimEnd()).filter((row) => row !== '');

/** Shows a capture on a terminal. */
async function shown(columns: number, capture: Buffer, ...args: string[]) {
  const file = path();
  writeFileSync(file, capture);
  const command = `TZ=Asia/Kolkata ${process.execPath} ${MAIN} decode ${file} ${args.join(' ')}; echo done`;
  const terminal = open(command, columns);
  await until(
    'all is shown',
    () => terminal.capture('lines').some((line) => line.startsWith('done')),
    60_000,
  );
  const upToEnd = (all: string[]) =>
    all.slice(
      0,
      all.findIndex((row) => row.startsWith('done')),
    );
  return {
    rows: rowsOf(upToEnd(terminal.capture('rows'))),
    lines: rowsOf(upToEnd(terminal.capture('lines'))),
  };
}

describe('decode on a terminal', () => {
  onTerminal(
    'of 80 columns shows each event on one row, in local time',
    async () => {
      const { rows } = await shown(80, Buffer.concat(FRAMES));
      const host = `https://${'host.'.repeat(20)}example/path`;
      const all = `01:12:34 deny GET ${host}`;
      expect(rows).toEqual([
        '01:12:34 deny  GET    https://example.com/short',
        '01:12:34 deny  GET    https://example.com/long/long/long/long/long/long/long/lo…',
        '01:12:34 allow GET    https://example.com/long/long/long/lon… domain=example.com',
        '01:12:34 deny  GET    https://日本.example/日本/日本/日本/日本/日本/日本/日本/…',
        '01:12:34 deny  GET    https://example.com/😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀…',
        // A host that is longer than the width continues on the next row.
        all.slice(0, 80),
        all.slice(80),
        '01:12:34 deny  GET    https://example.com/ #a0b1',
      ]);
    },
    90_000,
  );

  onTerminal(
    'of 40 columns cuts only paths',
    async () => {
      const { rows, lines } = await shown(40, Buffer.concat(FRAMES));
      expect(lines).toEqual([
        '01:12:34 deny GET https://example.com/s…',
        '01:12:34 deny GET https://example.com/l…',
        '01:12:34 allow GET https://example.com/long/long/long/long/l… domain=example.com',
        '01:12:34 deny GET https://日本.example/…',
        '01:12:34 deny GET https://example.com/…',
        `01:12:34 deny GET https://${'host.'.repeat(20)}example/path`,
        '01:12:34 deny GET https://example.com/ #a0b1',
      ]);
      expect(rows.filter((row) => BEGINNING.test(row))).toHaveLength(FRAMES.length);
    },
    90_000,
  );

  onTerminal.each([80, 40, 20])(
    'of %d columns: no row imitates a line, and no text imitates a cut',
    async (columns) => {
      const capture = Buffer.concat(DISPLAYED.map(({ batch }) => encodeFrame(1, batch.raw)));
      const { rows, lines } = await shown(columns, capture);
      expect(lines).toHaveLength(DISPLAYED.length);
      for (const [i, line] of lines.entries()) {
        const { text } = new ShownUrl(DISPLAYED[i]?.event.http_url ?? '');
        expect(line.includes('…')).toBe(!line.includes(text));
      }
      expect(lines.some((line) => line.includes('…'))).toBe(true);
      // At a width of 20, a row cannot hold the beginning of a line and its method.
      expect(rows.filter((row) => BEGINNING.test(`${row} `))).toHaveLength(DISPLAYED.length);
    },
    90_000,
  );

  onTerminal(
    '--wide shows everything',
    async () => {
      const { lines } = await shown(80, Buffer.concat(FRAMES), '--wide', '--utc');
      expect(lines[2]).toBe(
        `19:42:34.12  allow GET     https://example.com/${'long/'.repeat(50)} matched_rule=${RULE} session_id=${SESSION} sequence_number=3`,
      );
      expect(lines.join('')).not.toContain('…');
    },
    90_000,
  );
});

/** Starts `serve` on a terminal. */
async function serving(columns: number, ...args: string[]) {
  const [socket, codeFile] = [path(), path()];
  const command = `TZ=Asia/Kolkata ${process.execPath} ${MAIN} serve --socket ${socket} --metrics off ${args.join(' ')}`;
  const terminal = open(`${command}; echo $? > ${codeFile}`, columns);
  await until(
    'it listens',
    () => terminal.capture('lines').some((line) => line.includes('appear here')),
    60_000,
  );
  const exitCode = async () => {
    await until('it has ended', () => existsSync(codeFile) && readFileSync(codeFile, 'utf8') !== '', 60_000);
    return Number(readFileSync(codeFile, 'utf8'));
  };
  const events = () => terminal.capture('lines').filter((line) => BEGINNING.test(line));
  return { terminal, socket, exitCode, events };
}

describe('serve on a terminal', () => {
  onTerminal(
    'Ctrl-C ends with one readable line, and nothing else',
    async () => {
      const { terminal, socket, exitCode, events } = await serving(80);
      await sendAll(socket, FRAMES);
      await until('all are shown', () => events().length === FRAMES.length, 60_000);
      const before = rowsOf(terminal.capture('lines'));
      terminal.type('C-c');
      expect(await exitCode()).toBe(0);
      await until(
        'it says so',
        () => terminal.capture('lines').some((line) => line.includes('received')),
        60_000,
      );
      const added = rowsOf(terminal.capture('lines')).slice(before.length);
      expect(added).toEqual([
        expect.stringMatching(/^\[\d\d:\d\d:\d\d\] INFO: 7 events received, all forwarded$/),
      ]);
    },
    120_000,
  );

  onTerminal(
    'a resized terminal is used at once',
    async () => {
      const { terminal, socket, events } = await serving(80);
      const length = async (n: number) => {
        await sendAll(socket, [frame({ url: `https://example.com/${'x'.repeat(500)}` })]);
        await until('it is shown', () => events().length === n, 60_000);
        return events()[n - 1]?.indexOf('…');
      };
      expect(await length(1)).toBe(79);
      terminal.resize(120);
      // The signal about it is on its way.
      await until(
        'the terminal has another size',
        async () => (await length(events().length + 1)) === 119,
        60_000,
      );
    },
    120_000,
  );

  onTerminal.each([
    [[], /^01:12:34 /, 5.5],
    [['--utc'], /^19:42:34 /, 0],
  ])(
    'the program log and the events have the same clock: %j',
    async (args, time, hours) => {
      const { terminal, socket, events } = await serving(80, ...args);
      await sendAll(socket, [frame({ url: 'https://example.com/' })]);
      await until('it is shown', () => events().length === 1, 60_000);
      expect(events()[0]).toMatch(time);
      const [, shownTime = ''] =
        /^\[(\d\d:\d\d:\d\d)\] INFO: listening/m.exec(terminal.capture('lines').join('\n')) ?? [];
      const now = new Date(Date.now() + hours * 3_600_000);
      const at = Date.parse(`${now.toISOString().slice(0, 10)}T${shownTime}Z`);
      // Within a few minutes, also over midnight.
      expect(Math.abs(((now.getTime() - at + 43_200_000) % 86_400_000) - 43_200_000)).toBeLessThan(300_000);
    },
    120_000,
  );

  onTerminal(
    'filters what it shows, and forwards everything',
    async () => {
      const { terminal, socket, exitCode, events } = await serving(80, '--only', 'allow');
      await sendAll(socket, FRAMES);
      await until('one is shown', () => events().length === 1, 60_000);
      terminal.type('C-c');
      expect(await exitCode()).toBe(0);
      expect(events()).toEqual([expect.stringContaining(' allow ')]);
      await until(
        'all are counted',
        () => terminal.capture('lines').some((line) => line.includes('7 events received, all forwarded')),
        60_000,
      );
    },
    120_000,
  );
});

test.each([
  ['Asia/Kolkata', '01:12:34.12'],
  ['America/New_York', '14:42:34.12'],
  ['UTC', '19:42:34.12'],
])(
  'in a file, the time of pretty is local, too: %s',
  async (TZ, time) => {
    const { child, stdout, ended } = start(['decode', '--format', 'pretty'], { env: { TZ } });
    child.stdin.end(Buffer.concat(FRAMES));
    expect(await ended).toBe(0);
    const lines = rowsOf(stdout().split('\n'));
    expect(lines).toHaveLength(FRAMES.length);
    for (const line of lines) expect(line.startsWith(`${time}  `)).toBe(true);
  },
  60_000,
);

test('the local time is right around a change of the clock', async () => {
  // In New York, 1:59:59 is followed by 3:00:00 on this day.
  const seconds = [1_772_953_199, 1_772_953_200, 1_772_953_199];
  const capture = encodeLogs({ logs: seconds.map((each) => ({ time: { seconds: each } })) });
  const { child, stdout, ended } = start(['decode', '--format', 'pretty'], {
    env: { TZ: 'America/New_York' },
  });
  child.stdin.end(capture);
  expect(await ended).toBe(0);
  expect(stdout().match(/^\S+/gm)).toEqual(['01:59:59', '03:00:00', '01:59:59']);
}, 60_000);

test('elsewhere, the end of serve is the account as JSON', async () => {
  const socket = path();
  const served = start(['serve', '--socket', socket, '--metrics', 'off', '--format', 'pretty']);
  await until('it listens', () => served.stderr().includes('"listening"'), 60_000);
  await sendAll(socket, FRAMES);
  await until('all have arrived', () => served.stdout().split('\n').length === FRAMES.length + 1, 60_000);
  served.child.kill('SIGINT');
  expect(await served.ended).toBe(0);
  const log = rowsOf(served.stderr().split('\n')).map((line) => JSON.parse(line));
  expect(log.map(({ msg }) => msg)).toEqual([
    'listening',
    expect.stringMatching(/^closing; /),
    ...['session ended', 'session ended', 'closed'],
  ]);
  expect(log.at(-1)).toMatchObject({ received: { logs: 7 }, forwarded: { logs: 7 } });
}, 60_000);
