import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { encodeLogs, encodeStatus } from '../../../codec/index.js';
import { encodeCaptureRecord } from '../../../lib/index.js';
import { blocksOf } from '../../helpers/code-blocks.js';
import { command } from '../../helpers/command.js';
import { logsFrame, SESSION } from '../../helpers/messages.js';
import { commands, listening, MAIN } from '../../helpers/processes.js';
import { fillSpool, numberedBatches, numbersIn, stopped } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();
const coderd = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/coderd-logs/${name}`, import.meta.url));

/** Writes a file, and returns its path. */
function file(content: string | Buffer): string {
  const name = path();
  writeFileSync(name, content);
  return name;
}

interface Event {
  decision: string;
  session_id?: string;
  sequence_number?: number;
  http_method: string;
  http_url: string;
  event_time: string;
}

/** An event with a number, of a session if it has a name. */
const event = (n: number, session_id: string | undefined = SESSION): Event => ({
  decision: n % 2 === 0 ? 'allow' : 'deny',
  ...(session_id !== '' && { session_id, sequence_number: n }),
  http_method: 'GET',
  http_url: `https://example.com/${n}`,
  event_time: `2026-03-03T19:42:34.${String(n).padStart(9, '0')}Z`,
});
const json = (events: readonly object[]) => events.map((one) => `${JSON.stringify(one)}\n`).join('');
const logfmt = (events: readonly object[]) =>
  events
    .map(
      (one) =>
        `${Object.entries(one)
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')}\n`,
    )
    .join('');
const upTo = (n: number, without: readonly number[] = []) =>
  Array.from({ length: n }, (_, i) => i).filter((i) => !without.includes(i));
const events = (numbers: readonly number[], session?: string) => numbers.map((n) => event(n, session));

/** A capture with times. Each connection is a list of frames. */
function capture(connections: readonly (readonly Buffer[])[]): Buffer {
  const records = [encodeCaptureRecord({ kind: 'start', startedAt: 1_772_566_954_000_000 })];
  for (const [i] of connections.entries()) {
    records.push(encodeCaptureRecord({ kind: 'open', connection: i + 1, time: 0 }));
  }
  // The frames of all connections take turns.
  for (let n = 0; connections.some((frames) => n < frames.length); n++) {
    for (const [i, frames] of connections.entries()) {
      const bytes = frames[n];
      if (bytes !== undefined)
        records.push(encodeCaptureRecord({ kind: 'data', connection: i + 1, time: n, bytes }));
    }
  }
  for (const [i] of connections.entries()) {
    records.push(encodeCaptureRecord({ kind: 'end', connection: i + 1, time: 100 }));
  }
  return Buffer.concat([...records, encodeCaptureRecord({ kind: 'finish', time: 100 })]);
}

const frameOf = (session: string, numbers: readonly number[]) =>
  encodeLogs({ sessionId: session, logs: numbers.map((sequenceNumber) => ({ sequenceNumber })) });

/** The rows of sessions: the id and the verdict. */
async function audited(args: string[], input: string | Buffer = '') {
  const { code, bytes, errors } = await command(['audit', ...args], input);
  const lines = bytes.toString().split('\n');
  const end = lines.indexOf('');
  const rows = lines[0]?.startsWith('SESSION') ? lines.slice(1, end) : [];
  return { code, rows: rows.map((line) => line.replace(/ {2,}/g, ' ')), text: bytes.toString(), errors };
}

describe('audit reads', () => {
  const numbers = upTo(30, [7, 8]);
  const row = `${SESSION} 28 2 missing: 2 unexplained`;
  test.each<[string, () => string | Promise<string>]>([
    ['newline-delimited JSON', () => file(json(events(numbers)))],
    ['logfmt', () => file(logfmt(events(numbers)))],
    ['the bytes of a connection', () => file(Buffer.concat([logsFrame(7), logsFrame(21, 9)]))],
    ['a capture with times', () => file(capture([[logsFrame(7), logsFrame(21, 9)]]))],
    [
      'a spool',
      async () => {
        const folder = path();
        const [first, , third] = numberedBatches(3, 10);
        await fillSpool(folder, [first, third] as never);
        return folder;
      },
    ],
    ["coderd's log for people", () => coderd('main-human.log')],
    ["coderd's log in JSON", () => coderd('main.json.log')],
  ])('%s', async (what, make) => {
    const { code, rows, errors } = await audited([await make()]);
    const coders = '04af165b-5096-405a-b2b4-0556b8bb5381 40';
    const expected: Record<string, string> = {
      'a spool': `${SESSION} 20 10 missing: 10 unexplained`,
      "coderd's log for people": `${coders} 36 missing: 36 unexplained; 4,800 earlier events are unknown`,
      "coderd's log in JSON": `${coders} 2,670 missing: 2,670 unexplained; 6,300 earlier events are unknown`,
    };
    expect({ code, rows, errors }).toEqual({ code: 3, rows: [expected[what] ?? row], errors: '' });
  });

  test('several files as one record', async () => {
    const [a, b] = [file(json(events([0, 1, 2]))), file(logfmt(events([3, 4])))];
    expect(await audited([a, b])).toMatchObject({ code: 0, rows: [`${SESSION} 5 complete, 0–4`] });
  });

  test('stdin', async () => {
    expect(await audited([], json(events(upTo(3))))).toMatchObject({
      code: 0,
      rows: [`${SESSION} 3 complete, 0–2`],
    });
    expect(await audited(['-'], json(events([1])))).toMatchObject({ code: 0 });
  });
});

describe('who lost what is missing:', () => {
  const lost = encodeStatus({ droppedChannelFull: 2n, droppedBatchFull: 1n });

  test('a status belongs to the session that was last seen on its connection', async () => {
    const bytes = capture([
      [frameOf('a', [0, 1]), lost, frameOf('a', [7])],
      [lost, frameOf('b', [0]), frameOf('c', [0, 9]), encodeStatus({ droppedBatchFull: -5n })],
    ]);
    expect((await audited([file(bytes)])).rows).toEqual([
      'b 1 complete, 0–0',
      'a 3 5 missing: 3 lost by the sender, 2 unexplained',
      'c 2 8 missing: 8 unexplained',
    ]);
  });

  test('in the bytes of one connection, too', async () => {
    const bytes = Buffer.concat([frameOf('a', [0]), lost, encodeStatus({ droppedBatchFull: 2n ** 62n })]);
    expect((await audited([file(bytes)])).rows).toEqual(['a 1 3 missing: 3 lost by the sender']);
  });
});

describe('what a sender lost before it named a session', () => {
  test.each<[what: string, frames: Buffer[], text: string]>([
    [
      'is not known to be of a session',
      [encodeStatus({ droppedBatchFull: 3n }), frameOf('a', [0])],
      '3 events',
    ],
    ['counts if there are no events at all', [encodeStatus({ droppedBatchFull: 3n })], '3 events lost by'],
    [
      'and an impossible count',
      [frameOf('a', [0]), encodeStatus({ droppedBatchFull: 2n ** 62n })],
      '1 report',
    ],
  ])('%s', async (_, frames, text) => {
    const result = await audited([file(Buffer.concat(frames))]);
    expect(result.code).toBe(3);
    expect(result.text).toContain(`\n${text}`);
  });
});

describe('a pipe can be read only once:', () => {
  const events =
    'for i in 0 1 2; do echo "{\\"decision\\":\\"deny\\",\\"session_id\\":\\"s\\",\\"sequence_number\\":$i}"; done';
  test.each<[what: string, script: string]>([
    ['a pipe by its name', '(EVENTS) | node MAIN audit /dev/stdin --against OTHER'],
    ['a FIFO', '(EVENTS) > PIPE & node MAIN audit PIPE --against OTHER'],
    ['two of them', '(cat OTHER > PIPE) & (EVENTS) | node MAIN audit /dev/stdin --against PIPE'],
  ])('%s', (_, script) => {
    const pipe = path();
    const other = file(json([{ decision: 'deny', session_id: 's', sequence_number: 0 }]));
    spawnSync('mkfifo', [pipe]);
    const text = script
      .replaceAll('EVENTS', events)
      .replaceAll('PIPE', pipe)
      .replaceAll('OTHER', other)
      .replace('node MAIN', `'${process.execPath}' '${MAIN}'`);
    const { status, stdout } = spawnSync('sh', ['-c', text], { encoding: 'utf8', timeout: 60_000 });
    expect(stdout).toContain('The other record lacks 2 of 3 events.');
    expect(status).toBe(3);
  });
});

describe('a heap of 48 MB is enough for', () => {
  const lines = (count: number, line: (i: number) => string) =>
    file(Array.from({ length: count }, (_, i) => `${line(i)}\n`).join(''));
  const url = `https://a.example/${'x'.repeat(8000)}`;
  const sessions = () =>
    lines(
      8000,
      (i) => `decision=deny session_id=a-session-with-an-id-${i} sequence_number=0 http_url=${url}`,
    );
  const ids = () =>
    lines(100, (i) => JSON.stringify({ ...event(0), session_id: `${i}${'x'.repeat(900_000)}` }));
  test.each<[what: string, args: () => string[], text: string]>([
    ['64 MB of sessions', () => [sessions()], '8000 events in 8000 sessions'],
    ['a comparison with them', () => [file(json([event(0)])), '--against', sessions()], 'lacks 1 of 1'],
    ['90 MB of ids', () => [ids()], '100 events without a session'],
    ['a comparison with these', () => [file(json([event(0)])), '--against', ids()], 'The other record has'],
  ])('%s', (_, args, text) => {
    const command = ['--max-old-space-size=48', MAIN, 'audit', ...args()];
    const { stdout } = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 120_000 });
    expect(stdout).toContain(text);
  });
});

test('a reader that goes away early does not turn the answer into yes', () => {
  const sessions = Array.from({ length: 30_000 }, (_, i) => event(0, `s${i}`));
  for (const [last, code] of [
    [event(2, 's0'), 3],
    [event(1, 's0'), 0],
  ] as const) {
    const script = `'${process.execPath}' '${MAIN}' audit '${file(json([...sessions, last]))}' || echo $? >&2`;
    const { stderr } = spawnSync('sh', ['-c', `(${script}) | head -1`], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stderr.trim()).toBe(code === 0 ? '' : String(code));
  }
});

describe('what audit says of', () => {
  test.each<[what: string, content: string, code: number, text: string]>([
    ['a complete session', json(events(upTo(2))), 0, '2 events in 1 session; 0 missing; 0 duplicated.'],
    ['nothing', '', 0, 'There are no events.'],
    [
      'events without a session',
      json(events([1, 2], '')),
      3,
      '2 events without a session: nobody can tell which are missing.',
    ],
    [
      'events without a number',
      json([event(0), { ...event(1), sequence_number: undefined }]),
      3,
      '1 event without a number: nobody can tell which are missing.',
    ],
    [
      'a session that began before',
      json(events([5])),
      0,
      '1 session began earlier; the events before the first one received are unknown.',
    ],
    ['repetitions', json(events([0, 0, 1])), 0, '3 events in 1 session; 0 missing; 1 duplicated.'],
    [
      'numbers that are no numbers',
      json([{ ...event(0), sequence_number: -1 }]),
      3,
      'The verdict of 1 session is unknown.',
    ],
    ['a line that cannot be read', `${json(events([0]))}{"decision":\n`, 3, 'Something could not be read'],
  ])('%s', async (_, content, code, text) => {
    const result = await audited([file(content)]);
    expect(result.code).toBe(code);
    expect(result.text).toContain(text);
  });

  describe('a line that a killed process did not complete, if its event', () => {
    const line = (n: number, session?: string) =>
      `${JSON.stringify({ msg: 'boundary_request', ...event(n, session) })}`;
    /** The line up to so many characters after a text in it. */
    const cut = (n: number, after: string, more = 0, session?: string) =>
      line(n, session).slice(0, line(n, session).indexOf(after) + after.length + more);
    const lines = (...all: string[]) => all.map((one) => `${one}\n`).join('');
    const both = '2 lines cannot be read, but the same events are complete in other lines.';
    const one = '1 line cannot be read, but the same events are complete in other lines.';
    const lost = 'Something could not be read, so more may be missing.';

    test.each<[what: string, files: string[], code: number, text: string]>([
      ['comes again in this file', [lines(line(0), cut(1, '"http_url":"https'), line(1))], 0, one],
      ['came before', [lines(line(0), line(1), cut(1, '"http_method'))], 0, one],
      [
        'comes again in a later file',
        [lines(line(0), cut(1, '"sequence_number":1,')), lines(line(1))],
        0,
        one,
      ],
      ['is in an earlier file', [lines(line(1)), lines(line(0), cut(1, '"http_url'))], 0, one],
      ['is cut twice', [lines(cut(0, '"http_url'), cut(0, '"event_time'), line(0))], 0, both],
      ['has no line feed, either', [lines(line(0)) + cut(0, '"http_url')], 0, one],
      ['has an odd session', [lines(cut(0, '"http_url', 0, 'a"\\é'), line(0, 'a"\\é'))], 0, one],
      ['does not come again', [lines(line(0), cut(1, '"http_url'))], 3, lost],
      ['is of another session', [lines(line(0), line(1), cut(1, '"http_url', 0, 'other'))], 3, lost],
      ['may have a longer number', [lines(line(0), line(1), cut(1, '"sequence_number":1'))], 3, lost],
      ['has no number any more', [lines(line(0), cut(1, '"session_id":"5f3c'), line(1))], 3, lost],
      ['is followed by the rest of another one', [lines(cut(0, '"http_url') + line(1), line(0))], 3, lost],
    ])('%s', async (_, files, code, text) => {
      const result = await audited(files.map(file));
      expect({ code: result.code, text: result.text }).toEqual({ code, text: expect.stringContaining(text) });
    });

    test('is one of too many', async () => {
      const many = (n: number) => audited([file(lines(line(0), ...Array(n).fill(cut(0, '"http_url'))))]);
      expect((await many(1000)).code).toBe(0);
      expect((await many(1001)).code).toBe(3);
    });

    test('is counted in JSON', async () => {
      const { text } = await audited(['--json', file(lines(line(0), cut(0, '"http_url')))]);
      const total = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
      expect(total).toMatchObject({ cut_lines: 1, is_readable: true });
    });
  });

  test('a session whose name is not meant for terminals', async () => {
    const { rows } = await audited([], json([{ ...event(0), session_id: '\u001b[31m \u202ex' }]));
    expect(rows).toEqual(['"\\u001b[31m \\u202ex" 1 complete, 0–0']);
    // JSON itself leaves the control characters from U+0080 on as they are.
    const name = '\u001b[31m\u009b31m\u202e\u2028';
    const record = file(json([{ ...event(0), session_id: name }]));
    for (const args of [[], ['--against', file('')]]) {
      const { text } = await audited(['--json', record, ...args]);
      expect(text).toMatch(/^[ -~\n]+$/);
      expect(text).toContain('\\u001b[31m\\u009b31m\\u202e\\u2028');
    }
  });

  test('a file that does not exist, or is something else', async () => {
    for (const args of [[path()], [file('\x7fELF\x01\x01')], [file('x'), '--against', path()]]) {
      expect(await audited(args)).toMatchObject({
        code: 2,
        text: '',
        errors: expect.stringContaining('ERR_INVALID_OPTION'),
      });
    }
  });
});

test('--json has a line for each session, and one for all of them', async () => {
  const { code, text } = await audited(['--json'], json([...events([0, 2]), ...events([1], '')]));
  const [session, total, ...rest] = text.split('\n');
  expect({ code, rest }).toEqual({ code: 3, rest: [''] });
  expect(JSON.parse(session as string)).toMatchObject({
    ...{ kind: 'session', session: SESSION, verdict: 'missing', missing: 1, gaps: [[1, 1]] },
    ...{ first_at: Date.parse('2026-03-03T19:42:34Z'), allowed: 2, denied: 0 },
  });
  expect(JSON.parse(total as string)).toEqual({
    ...{
      kind: 'total',
      events: 3,
      sessions: 1,
      missing: 1,
      duplicated: 0,
      without_session: 1,
      unnumbered: 0,
      lost_without_session: 0,
      ignored_reports: 0,
      cut_lines: 0,
      is_readable: true,
    },
    verdicts: { complete: 0, before_start: 0, missing: 1, unknown: 0 },
    lost_by: { sender: 0, proxy: 0, reporter: 0, unexplained: 1 },
  });
});

describe('--against', () => {
  /** The numbers of the events that the other record lacks, by the URL, and the last line. */
  async function lacking(here: string, there: string) {
    const { code, text, errors } = await audited([here, '--against', there]);
    const lines = text.trimEnd().split('\n');
    const numbers = lines.slice(0, -1).map((line) => Number(/example\.com\/(\d+)/.exec(line)?.[1]));
    return { code, numbers, last: lines.at(-1), errors };
  }
  const here = () => file(json(events(upTo(20))));

  test.each<[string, () => string]>([
    ['JSON', () => file(json(events(upTo(20, [3, 9]))))],
    ['logfmt', () => file(logfmt(events(upTo(20, [3, 9]))))],
    ['events without a session', () => file(json(events(upTo(20, [3, 9]), '')))],
    [
      'a part with a session, and a part without',
      () => file(json([...events(upTo(10, [3, 9])), ...events(upTo(20).slice(10), '')])),
    ],
    [
      'events that came twice, in another order',
      () => file(json([...events(upTo(20, [3, 9])).reverse(), ...events([1, 2])])),
    ],
    [
      "coderd's log",
      () =>
        file(
          events(upTo(20, [3, 9]))
            .map(
              (one) => `${JSON.stringify({ msg: 'boundary_request', fields: { owner: 'joe', ...one } })}\n`,
            )
            .join(''),
        ),
    ],
  ])('a record of %s', async (_, there) => {
    expect(await lacking(here(), there())).toEqual({
      ...{ code: 3, numbers: [3, 9], last: 'The other record lacks 2 of 20 events.', errors: '' },
    });
    expect(await lacking(there(), here())).toMatchObject({ code: 0, numbers: [] });
  });

  test('the same record, and an empty one', async () => {
    expect(await lacking(here(), here())).toMatchObject({
      code: 0,
      last: 'The other record has all 20 events.',
    });
    expect(await lacking(here(), file(''))).toMatchObject({ code: 3, numbers: upTo(20) });
    expect(await lacking(file(''), here())).toMatchObject({ code: 0, last: 'There are no events.' });
  });

  test('events of the same content without a time are counted', async () => {
    const plain = { decision: 'deny', http_url: 'https://example.com/1' };
    expect(await lacking(file(json([plain, plain])), file(json([plain])))).toMatchObject({
      code: 3,
      numbers: [1],
    });
  });

  test.each([
    ['main.json.log', 40],
    ['v2.34.3.json.log', 40],
    ['main-human.log', 40],
  ])('the log of a real server, %s, of which lines are missing', async (name, count) => {
    const lines = readFileSync(coderd(name), 'utf8').split('\n');
    const its = lines.flatMap((line, i) => (line.includes('boundary_request') ? [i] : []));
    expect(its).toHaveLength(count);
    const there = file(lines.filter((_, i) => i !== its[5] && i !== its[30]).join('\n'));
    const { code, text } = await audited([coderd(name), '--against', there, '--json']);
    expect(code).toBe(3);
    expect(
      text
        .trimEnd()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).place.line),
    ).toEqual([its[5], its[30]].map((i) => (i as number) + 1));
  });

  test('a line that cannot be read may be one of the events, so the result is not sure', async () => {
    const there = file(`${json(events(upTo(20)))}{"decision"\n`);
    const { code, last, errors } = await lacking(here(), there);
    expect({ code, last }).toEqual({ code: 3, last: 'Something could not be read, so more may be lacking.' });
    expect(errors.match(/line 21/g)).toHaveLength(1);
  });

  test('stdin may be either record', async () => {
    const all = json(events(upTo(5)));
    const part = file(json(events(upTo(5, [2]))));
    expect((await audited(['--against', part], all)).text).toContain('lacks 1 of 5');
    expect((await audited([part, '--against', '-'], all)).text).toContain('has all 4');
  });
});

test('the examples of docs/sessions.md print what they say', async () => {
  const [first, second] = blocksOf('docs/sessions.md').filter(({ language }) => language === '');
  const folder = path();
  mkdirSync(folder);
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, 'audit', ...args], { cwd: folder, encoding: 'utf8' });
  const other = (n: number) => event(n, '8a1b9e77-0c2f-4f0e-9d55-7b2a5f3c1c52');
  write('events.ndjson', json([...events(upTo(4)), other(0), other(1), other(4)]));
  expect(run('events.ndjson')).toMatchObject({ stdout: first?.code, status: 3 });

  const upload = {
    ...event(1),
    ...{ http_method: 'POST', http_url: 'https://collect.example.net/upload' },
    event_time: '2026-03-03T19:42:35Z',
  };
  write('events.ndjson', json([event(0), upload, event(2), event(3)]));
  write('coderd.log', json(events([0, 2, 3])));
  const result = run('events.ndjson', '--against', 'coderd.log');
  expect(result).toMatchObject({ stdout: second?.code, status: 3 });
});

describe('audit of what a real proxy did', () => {
  async function serve(args: string[]) {
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', 'off', ...args]);
    await listening(served, socket);
    return { served, socket };
  }
  async function auditOf(args: string[]) {
    const run = start(['audit', ...args]);
    run.child.stdin.end();
    const code = await run.ended;
    return { code, stdout: run.stdout(), stderr: run.stderr() };
  }

  test('its capture and its events are complete, and equal', async () => {
    const [recording, output] = [path(), path()];
    const { served, socket } = await serve([
      '--record',
      recording,
      '--events-file',
      output,
      '--overflow',
      'block',
    ]);
    await sendAll(socket, [logsFrame(10), logsFrame(10, 10), logsFrame(5, 20)]);
    await until('all is written', () => numbersIn(readFileSync(output, 'utf8')).length === 25);
    await stopped(served);
    for (const args of [
      [recording],
      [output],
      [recording, '--against', output],
      [output, '--against', recording],
    ]) {
      expect(await auditOf(args)).toMatchObject({ code: 0, stderr: '' });
    }
    expect((await auditOf([recording])).stdout).toContain('complete, 0–24');
    const cut = file(readFileSync(output, 'utf8').split('\n').slice(3).join('\n'));
    const { code, stdout } = await auditOf([recording, '--against', cut]);
    expect(code).toBe(3);
    expect(stdout).toContain('The other record lacks 3 of 25 events.');
  });
});
