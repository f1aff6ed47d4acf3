import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { encodeLogs } from '../../../codec/index.js';
import { isPrintable } from '../../../lib/printable.js';
import { matchesRule, parseRule } from '../../../lib/rules/index.js';
import { type BoundaryEvent, logOf } from '../../../lib/text/event.js';
import { command } from '../../helpers/command.js';
import { random } from '../../helpers/cuts.js';
import { HOSTILE } from '../../helpers/hostile-strings.js';
import { seed } from '../../helpers/seed.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();

/** Events from lines such as `deny GET https://a.example/x`. */
const events = (...lines: string[]): BoundaryEvent[] =>
  lines.map((line) => {
    const [decision, http_method = '', ...url] = line.split(' ');
    return { decision: decision as 'deny', http_method, http_url: url.join(' ') };
  });
const asInput = (all: readonly BoundaryEvent[]) => all.map((event) => `${JSON.stringify(event)}\n`).join('');

const INPUT = asInput(
  events(
    ...[
      'deny GET https://a.example/x?q=1',
      'deny GET https://a.example/x?q=2',
      'deny POST https://a.example/x',
    ],
    ...['allow GET https://b.example/y', 'deny GET https://c.example/', 'deny GET https://[::1]/z'],
    ...[
      'deny PUT https://a.example/x,y',
      'deny PUT https://a.example/i/1/k',
      'deny PUT https://a.example/i/2/k',
    ],
  ),
);

async function run(args: string[], input: string | Buffer = INPUT) {
  const { code, bytes, errors } = await command(['rules', ...args], input);
  return { code, output: bytes.toString(), errors };
}

test('flags: each with the number of its events, an example, and what else it allows', async () => {
  expect(await run([])).toEqual({
    code: 0,
    errors: '',
    output: `# 3 events, such as GET https://a.example/x?q=1
--allow 'method=GET,POST domain=a.example path=/x'

# 2 events, such as PUT https://a.example/i/1/k
# It also allows any segment in place of each * in /i/*/k.
--allow 'method=PUT domain=a.example path=/i/*/k'

# 1 event, such as GET https://c.example/
# It also allows every path of the domain, because no rule can name / alone.
--allow 'method=GET domain=c.example'

# There is no suitable rule for these events:
# 1 event, such as GET https://[::1]/z: a rule cannot contain an IPv6 address
# 1 event, such as PUT https://a.example/x,y: a rule cannot contain a comma in a path; --by method suggests one
`,
  });
});

test('the configuration file of boundary', async () => {
  const { output } = await run(['--yaml']);
  expect(output).toContain(`allowlist:
  # 3 events, such as GET https://a.example/x?q=1
  - "method=GET,POST domain=a.example path=/x"
`);
  expect(parse(output)).toEqual({
    allowlist: [
      'method=GET,POST domain=a.example path=/x',
      'method=PUT domain=a.example path=/i/*/k',
      'method=GET domain=c.example',
    ],
  });
});

test('one line of JSON', async () => {
  const { output } = await run(['--json']);
  expect(output.endsWith('}\n')).toBe(true);
  const { rules, without_rule, left_out } = JSON.parse(output);
  expect(rules[0]).toEqual({
    rule: 'method=GET,POST domain=a.example path=/x',
    events: 3,
    example: { http_method: 'GET', http_url: 'https://a.example/x?q=1' },
    also_allows: [],
  });
  expect([rules.length, without_rule.length, left_out]).toEqual([3, 2, 0]);
  expect(without_rule[0]).toEqual({
    part: 'domain',
    reason: 'a rule cannot contain an IPv6 address',
    events: 1,
    example: { http_method: 'GET', http_url: 'https://[::1]/z' },
  });
});

const flagsIn = (output: string) => output.split('\n').filter((line) => line.startsWith('--allow '));

test.each<[string[], string[]]>([
  [['--all'], ["--allow 'method=GET domain=b.example path=/y'"]],
  [
    ['--by', 'method'],
    ["--allow 'method=GET,POST,PUT domain=a.example'", "--allow 'method=GET domain=c.example'"],
  ],
  [
    ['--by', 'domain'],
    ['--allow domain=a.example', '--allow domain=c.example'],
  ],
])('%j', async (args, flags) => {
  const { code, output } = await run(args);
  expect(code).toBe(0);
  expect(flagsIn(output)).toEqual(expect.arrayContaining(flags));
});

describe('if there is nothing to allow, it says so', () => {
  test.each<[string[], string, string, string]>([
    [[], '', '', 'there are no denied events\n'],
    [[], asInput(events('allow GET https://a.example/')), '', 'there are no denied events\n'],
    [['--all'], '', '', 'there are no events\n'],
    [['--yaml'], '', 'allowlist: []\n', 'there are no denied events\n'],
    [['--json'], '', '{"rules":[],"without_rule":[],"left_out":0}\n', 'there are no denied events\n'],
  ])('%j of %j', async (args, input, output, errors) => {
    expect(await run(args, input)).toEqual({ code: 0, output, errors });
  });
});

describe('--check', () => {
  test('says which denied events a rule would allow, and which remain', async () => {
    expect(await run(['--check', 'method=GET domain=a.example path=/x'])).toEqual({
      code: 0,
      errors: '',
      output: `the rule would allow 2 denied events:
  2 GET https://a.example/x
6 denied events would remain:
  1 GET https://[::1]/z
  1 PUT https://a.example/i/1/k
  1 PUT https://a.example/i/2/k
  1 POST https://a.example/x
  1 PUT https://a.example/x,y
  1 GET https://c.example/
`,
    });
  });

  test('with --all, of all events; and several rules', async () => {
    const { output } = await run(['--all', '--check', 'domain=b.example', '--check', 'domain=a.example']);
    expect(output).toContain('the rules would allow 7 events:\n');
    expect(output).toContain('\n2 denied events would remain:\n');
  });

  test('as JSON', async () => {
    const { output } = await run(['--json', '--check', 'domain=c.example']);
    const { rules, allowed, remaining } = JSON.parse(output);
    expect([rules, allowed.events, remaining.events]).toEqual([['domain=c.example'], 1, 7]);
    expect(allowed.requests).toEqual([{ http_method: 'GET', http_url: 'https://c.example/', events: 1 }]);
  });

  test('of an invalid rule: the position, and what to do', async () => {
    expect(await run(['--check', 'method=GET domain=a.example:80'])).toEqual({
      code: 2,
      output: '',
      errors:
        'error: ERR_INVALID_OPTION: --check: got "method=GET domain=a.example:80", expected a rule of boundary. ' +
        'At character 28: a domain has no port: leave it out, because a rule allows every port\n',
    });
  });

  test('many requests: the first ones, and how many more', async () => {
    const many = Array.from({ length: 30 }, (_, i) => `deny GET https://a.example/${i}`);
    const { output } = await run(['--check', 'domain=b.example'], asInput(events(...many)));
    expect(output).toContain('\n  and 10 other requests: --json shows them\n');
  });
});

test.each([
  [['--by', 'path', '--check', 'domain=a.example'], '--check'],
  [['--yaml', '--json'], '--json'],
  [['--by', 'everything'], '--by'],
  [['/does/not/exist'], 'FILE'],
])('%j is wrong usage', async (args, name) => {
  const { code, errors } = await run(args);
  expect(code).toBe(2);
  expect(errors).toContain(name);
});

test('what cannot be read is reported, and the exit code says so; the rest is used', async () => {
  const { code, output, errors } = await run([], `${INPUT}{"decision":\n`);
  expect(code).toBe(1);
  expect(flagsIn(output)).toHaveLength(3);
  expect(errors).toMatch(/^stdin, line 10: it is not valid JSON: /);
});

test('a capture and a file of logfmt, together', async () => {
  const [capture, logfmt] = [path(), path()];
  const logs = events('deny GET https://a.example/x').map(logOf);
  writeFileSync(capture, encodeLogs({ sessionId: 's', logs }));
  writeFileSync(logfmt, 'decision=deny http_method=GET http_url=https://a.example/x\n');
  const { output } = await run([capture, logfmt]);
  expect(output).toMatch(/^# 2 events, such as GET https:\/\/a\.example\/x\n/);
});

/** The arguments that a shell makes of the printed flags. */
function inShell(output: string): string[] {
  const flags = flagsIn(output).join(' ');
  const script = `set -- ${flags}\nfor word in "$@"; do printf '%s\\n' "$word"; done`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n').slice(0, -1);
}

describe('hostile requests', () => {
  const PIECES = [
    "'",
    '"',
    '$(touch pwned)',
    '`id`',
    ';',
    '&',
    '|',
    '$HOME',
    '!',
    '*',
    '\\',
    '(',
    ')',
    '~',
    '#',
    '%27',
    '%0a',
  ];
  const texts = [...HOSTILE.map(([, text]) => text), ...PIECES, PIECES.join('')];

  test('every line is visible, and a comment cannot end', async () => {
    const all = texts.flatMap((text) => [
      { decision: 'deny' as const, http_method: text, http_url: 'https://a.example/x' },
      { decision: 'deny' as const, http_method: 'GET', http_url: `https://a.example/${text}` },
      { decision: 'deny' as const, http_method: 'GET', http_url: `https://${text}/x` },
      { decision: 'deny' as const, http_method: 'GET', http_url: text },
    ]);
    for (const args of [[], ['--yaml'], ['--json'], ['--check', 'domain=a.example'], ['--by', 'domain']]) {
      const { output } = await run(args, asInput(all));
      const lines = output.split('\n');
      expect(lines.filter((line) => !isPrintable(line))).toEqual([]);
      if (args.length === 0) expect(lines.filter((line) => !/^(#|--allow |$)/.test(line))).toEqual([]);
      if (args[0] === '--yaml') expect(Object.keys(parse(output))).toEqual(['allowlist']);
    }
  });

  test(`a shell passes each flag as it is (TEST_SEED=${seed})`, async () => {
    const next = random(seed);
    const one = <T>(values: readonly T[]) => values[Math.floor(next() * values.length)] as T;
    const expressible = [
      "'",
      '$(id)',
      '$HOME',
      '!',
      '!!',
      '&',
      ';',
      '(',
      ')',
      '~',
      '=',
      'a',
      'b*',
      '%27',
      '%2524',
    ];
    const word = () =>
      Array.from({ length: 1 + Math.floor(next() * 4) }, () => one(next() < 0.1 ? PIECES : expressible)).join(
        '',
      );
    const all = Array.from({ length: 300 }, () => ({
      ...{ decision: 'deny' as const, http_method: one(['GET', "X'Y", 'X`id`Y', 'X$HOME', '!', '~']) },
      http_url: `https://a.example/${word()}/${word()}`,
    }));
    const { output } = await run([], asInput(all));
    const { rules } = JSON.parse((await run(['--json'], asInput(all))).output);
    expect(rules.length).toBeGreaterThan(10);
    expect(inShell(output)).toEqual(rules.flatMap(({ rule }: { rule: string }) => ['--allow', rule]));
    // They are the rules that allow what was denied.
    const parsed = rules.map(({ rule }: { rule: string }) => parseRule(rule));
    const events = rules.reduce((sum: number, rule: { events: number }) => sum + rule.events, 0);
    const allowed = all.filter((event) =>
      parsed.some((rule: ReturnType<typeof parseRule>) => matchesRule(rule, event)),
    );
    expect(allowed.length).toBe(events);
    expect(parse((await run(['--yaml'], asInput(all))).output).allowlist).toEqual(
      rules.map(({ rule }: { rule: string }) => rule),
    );
  });
});

test('more kinds of requests without a rule than a person reads', async () => {
  const many = Array.from({ length: 60 }, (_, i) => `deny GET https://a.example/${i},x`);
  const { output } = await run([], asInput(events(...many)));
  expect(output).toContain('\n# 10 events of 10 other kinds: --json shows them\n');
});
