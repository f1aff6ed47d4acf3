import { describe, expect, test } from '@jest/globals';
import { encodeFrame } from '../../../codec/index.js';
import { run } from '../../../lib/cli/program.js';
import { programLogger } from '../../../lib/cli/program-logger.js';
import { DISPLAYED, INVISIBLE } from '../../helpers/displayed.js';
import { HOSTILE } from '../../helpers/hostile-strings.js';
import { tempPaths } from '../../helpers/temp.js';
import { world as worldOf } from '../../helpers/world.js';

const path = tempPaths();

const world = ({ isTTY = false, input = '' as string | Buffer } = {}) =>
  worldOf({ isTTY, input: Buffer.from(input as string), env: { NO_COLOR: '1' } }).io;

/** The texts that an argument of a command can be: the system has no NUL in them. */
const ARGUMENTS = HOSTILE.filter(([, text]) => !text.includes('\0'));

/** The error messages of a command that gets a hostile text as an argument. */
const COMMANDS: readonly (readonly [name: string, args: (text: string) => string[]])[] = [
  ['decode FILE', (text) => ['decode', '--', `${path()}/${text}`]],
  ['spool DIR', (text) => ['spool', '--', `${path()}/${text}`]],
  ['serve --socket', (text) => ['serve', '--metrics', 'off', `--socket=/nowhere/${text.slice(0, 40)}`]],
  ['rules FILE', (text) => ['rules', '--', `${path()}/${text}`]],
  ['rules --check', (text) => ['rules', `--check=domain=a.example ${text}=`]],
  ['audit FILE', (text) => ['audit', '--', `${path()}/${text}`]],
  ['audit --against', (text) => ['audit', '/dev/null', `--against=${path()}/${text}`]],
  ['serve --format', (text) => ['serve', `--format=${text}`]],
  ['serve --metrics', (text) => ['serve', `--metrics=${text}`]],
  [
    'serve --coder-token-file',
    (text) => [
      'serve',
      '--metrics=off',
      '--reporter=coder',
      '--coder-url=http://[::1]:1/',
      `--coder-token-file=${path()}/${text}`,
      `--socket=${path()}`,
    ],
  ],
  ['send --socket', (text) => ['send', '--sample', '1', `--socket=/nowhere/${text.slice(0, 40)}`]],
  ['an unknown command', (text) => ['--', text]],
  ['an unknown option', (text) => ['serve', `--${text}`]],
];

describe.each(COMMANDS)('the error of %s', (_name, args) => {
  test.each(ARGUMENTS)('shows %s as visible text', async (_what, text) => {
    const io = world();
    expect(await run(args(text), io)).not.toBe(0);
    const lines = io.stderr.text.trimEnd().split('\n');
    expect(lines[0]).toMatch(/error|event/);
    for (const line of lines) expect(line).not.toMatch(INVISIBLE);
    // Only commander writes more than one line: it says how to get help.
    expect(lines.length).toBeLessThanOrEqual(2);
  });
});

test('the names in an error can be read back, so an escape is not mistaken for a backslash', async () => {
  for (const [, whole] of ARGUMENTS) {
    const text = whole.slice(0, 200);
    const io = world();
    await run(['decode', '--', `/nowhere/${text}`], io);
    const [, shown = ''] = /got (".*"), expected a file/.exec(io.stderr.text) ?? [];
    expect(JSON.parse(shown)).toBe(`/nowhere/${text}`);
  }
});

test.each(HOSTILE)('send reports a line with %s as visible text', async (_name, text) => {
  const io = world({ input: `${text.replaceAll(/[\r\n]/g, ' ')}\n{"decision":${JSON.stringify(text)}}\n` });
  // A line with NUL is not text, so the whole input is refused.
  expect(await run(['send', '--socket', path()], io)).toBe(text.includes('\0') ? 2 : 1);
  for (const line of io.stderr.text.trimEnd().split('\n')) expect(line).not.toMatch(INVISIBLE);
});

test('decode --outcomes shows every hostile text in every field as visible JSON', async () => {
  const frames = Buffer.concat(DISPLAYED.map(({ batch }) => encodeFrame(1, batch.raw)));
  const io = world({ input: frames });
  expect(await run(['decode', '--outcomes'], io)).toBe(0);
  const lines = io.stdout.text.trimEnd().split('\n');
  expect(lines).toHaveLength(DISPLAYED.length);
  for (const [i, line] of lines.entries()) {
    expect(line).not.toMatch(INVISIBLE);
    const { session_id, confined_process_name, logs } = JSON.parse(line);
    const { method, url, matched_rule } = logs[0].http_request;
    expect(DISPLAYED[i]?.event).toMatchObject({
      session_id,
      confined_process_name,
      http_method: method,
      http_url: url,
      matched_rule,
    });
  }
});

describe("the program's own log", () => {
  const logged = (isTTY: boolean, text: string) => {
    const io = world({ isTTY });
    const err = Object.assign(new Error(text), { code: text });
    programLogger('info', io).warn({ err, path: text, nested: { [text]: [text] } }, text);
    return io.stderr.text;
  };

  test.each(HOSTILE)('shows %s as visible text on a terminal, on one line', (_name, text) => {
    const shown = logged(true, text);
    expect(shown.trimEnd()).not.toMatch(INVISIBLE);
    expect(shown).toMatch(/^\[\d\d:\d\d:\d\d\] WARN: [^\n]*\n$/);
  });

  test.each(HOSTILE)('contains %s as JSON elsewhere', (_name, text) => {
    const shown = logged(false, text);
    expect(shown.trimEnd()).not.toMatch(INVISIBLE);
    expect(JSON.parse(shown)).toMatchObject({
      msg: text,
      path: text,
      nested: { [text]: [text] },
      err: { code: text },
    });
  });

  test.each<[name: string, thrown: unknown, message: string]>([
    ['null', null, 'null'],
    ['a text', 'a\u001bb', 'a\\u001bb'],
    ['an object', {}, '[object Object]'],
    ['an object without a prototype', Object.create(null), 'an error that cannot be shown'],
    [
      'an error whose message cannot be read',
      Object.defineProperty(new Error(), 'message', {
        get() {
          throw new Error('no');
        },
      }),
      'an error that cannot be shown',
    ],
  ])('shows %s that was thrown', (_name, thrown, message) => {
    const io = world();
    programLogger('info', io).warn({ err: thrown }, 'failed');
    expect(JSON.parse(io.stderr.text).err).toEqual({ message });
  });
});
