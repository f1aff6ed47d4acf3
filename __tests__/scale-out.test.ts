import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { decodeMessage, type LogBatch } from '../codec/index.js';
// @ts-expect-error: a script, without declarations
import { compare, readFiles, StreamContent } from '../scripts/scale-out/delivered.js';
// @ts-expect-error: a script, without declarations
import { eventOf, frameOf } from '../scripts/scale-out/sessions.js';
import { ROOT } from './helpers/code-blocks.js';
import { testNats } from './helpers/nats-server.js';
import { seed } from './helpers/seed.js';
import { tempPaths } from './helpers/temp.js';

const path = tempPaths();

/** Fewer than CI sends, which sets it to 200,000. */
const EVENTS = Number(process.env.SCALE_OUT_EVENTS ?? 6000);
const IS_LARGE = EVENTS >= 100_000;
/** A consumer with the defaults of the proxy makes the run longer: it delivers again after 30 s. */
const SMALL = ['--sessions', '6', '--seconds', '5', '--ack-wait', '5', '--buffer', '40'];

describe('edges, a stream and forwarders of which each is killed', () => {
  testNats(
    `${EVENTS} events: nothing is missing, the stream is in order, and little arrives twice (seed ${seed})`,
    async () => {
      const args = ['--events', String(EVENTS), '--seed', String(seed), ...(IS_LARGE ? [] : SMALL)];
      const running = promisify(execFile)(process.execPath, [join(ROOT, 'scripts/scale-out.js'), ...args], {
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      const { stdout, stderr } = await running.catch((error) => error);
      expect({ code: running.child.exitCode, stderr: String(stderr), stdout: String(stdout) }).toEqual({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(/^\d+ events in \d+ messages of \d+ sessions, 0 missing$/m),
      });
      const [, events = ''] = /^(\d+) events in/m.exec(String(stdout)) ?? [];
      expect(Number(events)).toBeGreaterThanOrEqual(EVENTS);
      expect(String(stdout).match(/ is killed; | is ended with /g)).toHaveLength(7);
    },
    600_000,
  );
});

describe('the check of the stream notices', () => {
  const message = (seq: number, session: string, first: number, count: number) => {
    const frame: Buffer = frameOf(session, first, count);
    const { raw } = decodeMessage({ tag: 2, payload: frame.subarray(4) }) as LogBatch;
    const headers = new Map([
      ['Boundary-Tag', '2'],
      ['Boundary-Count', String(count)],
    ]);
    return { seq, subject: `boundary.logs.${session}`, data: raw, headers };
  };
  type Message = ReturnType<typeof message>;
  const [first, second, other] = [message(1, 'a', 0, 5), message(2, 'a', 5, 3), message(3, 'b', 0, 2)];

  test.each<[what: string, messages: Message[], problems: string[]]>([
    ['nothing if all is in order', [first, other, second], []],
    ['a batch that is missing', [second], ['message 2 begins with event 5 of session a, and 0 was next']],
    [
      'a batch that is there twice',
      [first, first],
      ['message 1 begins with event 0 of session a, and 5 was next'],
    ],
    [
      'batches in the wrong order',
      [second, first],
      [
        'message 2 begins with event 5 of session a, and 0 was next',
        'message 1 begins with event 0 of session a, and 8 was next',
      ],
    ],
    [
      'a session with two subjects',
      [first, { ...second, subject: 'boundary.logs.c' }],
      ['message 2 has another subject than its session, boundary.logs.c'],
    ],
    [
      'a subject with two sessions',
      [first, { ...other, subject: first.subject }],
      ['message 3 has the subject of another session, boundary.logs.a'],
    ],
    [
      'wrong headers',
      [{ ...first, headers: new Map([['Boundary-Tag', '1']]) }],
      ['message 1 has not the tag 2', 'message 1 has not the count 5'],
    ],
    ['other bytes', [{ ...first, data: Buffer.from('hello') }], ['message 1 is not a batch']],
  ])('%s', (_, messages, problems) => {
    const content = new StreamContent();
    for (const one of messages) content.add(one);
    expect({ messages: content.messages, problems: content.problems }).toEqual({
      messages: messages.length,
      problems,
    });
  });
});

describe('the check of the files notices', () => {
  const line = (number: number, changes: object = {}) =>
    JSON.stringify({ ...eventOf('a', number), ...changes });
  const all = [0, 1, 2, 3, 4].map((number) => line(number));
  const cut = line(2).slice(0, 90);

  test.each<[what: string, files: string[][], found: object]>([
    ['nothing if all is there', [all.slice(0, 3), all.slice(3)], {}],
    ['a missing event', [all.slice(1)], { missing: { count: 1, first: ['a 0'] } }],
    ['a line that is cut, whose event comes again', [[...all.slice(0, 2), cut, ...all.slice(2)]], { cut: 1 }],
    [
      'a line that is cut, whose event does not',
      [[...all.slice(0, 2), cut, ...all.slice(3)]],
      { cut: 1, missing: { count: 1, first: ['a 2'] } },
    ],
    ['a message again', [all, all.slice(0, 3)], { again: { messages: 1, events: 3 } }],
    [
      'two messages again, one of them twice',
      [all, all, all.slice(3)],
      { again: { messages: 3, events: 7 } },
    ],
    ['an event of another session', [[...all, line(0, { session_id: 'b' })]], { problems: 1 }],
    ['an event with an impossible number', [[...all, line(0, { sequence_number: 9 })]], { problems: 1 }],
    ['an event that was changed', [[...all.slice(1), line(0, { http_method: 'PUT' })]], { problems: 1 }],
  ])('%s', async (_, files, found) => {
    const paths = files.map((lines) => {
      const file = path();
      writeFileSync(file, lines.map((one) => `${one}\n`).join(''));
      return file;
    });
    const content = await readFiles(paths, [{ id: 'a', sent: 5 }]);
    const stream = {
      sessions: new Map([
        [
          'a',
          [
            { first: 0, count: 3 },
            { first: 3, count: 2 },
          ],
        ],
      ]),
    };
    const { missing, again } = compare(content, stream);
    expect({ missing, again, cut: content.cut, problems: content.problems.length }).toEqual({
      missing: { count: 0, first: [] },
      again: { messages: 0, events: 0 },
      cut: 0,
      problems: 0,
      ...found,
    });
  });
});
