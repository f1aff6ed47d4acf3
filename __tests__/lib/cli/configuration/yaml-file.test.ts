import { describe, expect, test } from '@jest/globals';
import { SERVE_OPTIONS } from '../../../../lib/cli/configuration/serve-options.js';
import { readYaml } from '../../../../lib/cli/configuration/yaml-file.js';

const read = (text: string) => readYaml(text, '/etc/proxy.yaml', SERVE_OPTIONS);

/** The options and texts that a file contains. */
const found = (text: string) => {
  const { entries, problems } = read(text);
  expect(problems).toEqual([]);
  return entries.map(({ option, texts }) => [option, ...texts]);
};

describe('a value is the text that was written', () => {
  test.each<[string, string[][]]>([
    ['socket-mode: 0660', [['socketMode', '0660']]],
    ['socket-mode: 0o660', [['socketMode', '0o660']]],
    ['socket-mode: "0660"', [['socketMode', '0660']]],
    ["socket-mode: '0660'", [['socketMode', '0660']]],
    ['reporter: null', [['reporter', 'null']]],
    ['idle-timeout: off', [['idleTimeout', 'off']]],
    [
      '%YAML 1.1\n---\nidle-timeout: off\nsocket-mode: 0660\nspool-sync: yes\n',
      [
        ['idleTimeout', 'off'],
        ['socketMode', '0660'],
        ['spoolSync', 'yes'],
      ],
    ],
    ['spool-sync: true', [['spoolSync', 'true']]],
    ['buffer: 1_000', [['buffer', '1_000']]],
    ['buffer: 1e3', [['buffer', '1e3']]],
    ['socket-group: 1000', [['socketGroup', '1000']]],
    ['metrics: 127.0.0.1:9465', [['metrics', '127.0.0.1:9465']]],
    ['metrics: "[::1]:9465"', [['metrics', '[::1]:9465']]],
    ['spool: /var/lib/a b # a comment', [['spool', '/var/lib/a b']]],
    ['spool: /a#b', [['spool', '/a#b']]],
    ['spool: |\n  /var/lib/x\n', [['spool', '/var/lib/x']]],
    ['spool: >\n  /var/lib/x\n', [['spool', '/var/lib/x']]],
    ['spool: "C:\\\\x"', [['spool', 'C:\\x']]],
    ['"buffer": 5', [['buffer', '5']]],
    [
      '{ buffer: 5, spool: /x }',
      [
        ['buffer', '5'],
        ['spool', '/x'],
      ],
    ],
    [
      'buffer: 5\r\nspool: /x\r\n',
      [
        ['buffer', '5'],
        ['spool', '/x'],
      ],
    ],
    ['buffer:\t5', [['buffer', '5']]],
    ['allow-host: a.example', [['allowHost', 'a.example']]],
    ['allow-host: [a.example, 10]', [['allowHost', 'a.example', '10']]],
    ['allow-host:\n  - a.example\n  - b.example\n', [['allowHost', 'a.example', 'b.example']]],
    ['---\nbuffer: 5\n...\n', [['buffer', '5']]],
    ['# nothing but a comment\n', []],
    ['---\n', []],
  ])('%j', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  test('each has its line, for messages about it', () => {
    const { entries } = read('# first\nbuffer: 5\n\nspool-sync: true\n');
    expect(entries).toEqual([
      {
        option: 'buffer',
        texts: ['5'],
        source: 'file',
        name: '/etc/proxy.yaml:2: buffer',
        sentence: 'buffer: 5 in /etc/proxy.yaml:2',
      },
      {
        option: 'spoolSync',
        texts: ['true'],
        source: 'file',
        name: '/etc/proxy.yaml:4: spool-sync',
        sentence: 'spool-sync: true in /etc/proxy.yaml:4',
      },
    ]);
  });
});

describe('what is not accepted', () => {
  test.each<[string, ...string[]]>([
    ['spoool: /x', '1: unknown option spoool: did you mean spool?'],
    ['spool_max_bytes: 1GiB', '1: unknown option spool_max_bytes: did you mean spool-max-bytes?'],
    ['spoolMaxBytes: 1GiB', '1: unknown option spoolMaxBytes: did you mean spool-max-bytes?'],
    ['--buffer: 1', '1: unknown option --buffer: did you mean buffer?'],
    ['config: /x', '1: unknown option config'],
    ['zzzzzz: 1', '1: unknown option zzzzzz'],
    ['__proto__: 1', '1: unknown option __proto__'],
    ['constructor: 1', '1: unknown option constructor'],
    ['toString: 1', '1: unknown option toString'],
    ['1: x', '1: unknown option 1'],
    ['"": x', '1: unknown option ""'],
    ['"\\e[31m": x', '1: unknown option "\\u001b[31m"'],
    ['<<: { buffer: 1 }', '1: unknown option <<'],
    [
      'spooll: 1\nbufferr: 2',
      '1: unknown option spooll: did you mean spool?',
      '2: unknown option bufferr: did you mean buffer?',
    ],
    ['? [buffer]\n: 1', '1: expected the name of an option before the colon'],
    ['buffer: 1\nspool: /x\nbuffer: 2', '3: buffer is also in /etc/proxy.yaml:1'],
    ['buffer:', '1: buffer: there is no value: remove this key, or add one'],
    ['buffer: # comment', '1: buffer: there is no value: remove this key, or add one'],
    ['buffer', '1: expected a name, a colon and a value on each line, such as "buffer: 100"'],
    ['- buffer: 1', '1: expected a name, a colon and a value on each line, such as "buffer: 100"'],
    ['buffer:1', '1: expected a name, a colon and a value on each line, such as "buffer: 100"'],
    ['buffer: [1, 2]', '1: buffer: expected one value, not a list'],
    ['buffer: { max: 1 }', '1: buffer: expected a text, a number, true or false'],
    ['spool:\n  sync: true', '1: spool: expected a text, a number, true or false'],
    ['allow-host: []', '1: allow-host: the list is empty: remove this key, or add a value'],
    ['allow-host: [[a]]', '1: allow-host: expected a list of texts'],
    ['allow-host: [a, { b: c }]', '1: allow-host: expected a list of texts'],
    [
      'buffer: &x 5\nmax-connections: *x',
      '2: max-connections: aliases are not accepted: write the value here',
    ],
    ['buffer: !!int 5', '1: buffer: expected a text, a number, true or false'],
    ['buffer: !custom 5', '1: buffer: expected a text, a number, true or false'],
    ['spool: !!binary aGVsbG8=', '1: spool: expected a text, a number, true or false'],
    ['\tbuffer: 1', '1: this is not valid YAML: a tab cannot indent a line: use spaces'],
    ['allow-host:\n\t- a', '2: this is not valid YAML: a tab cannot indent a line: use spaces'],
    ['buffer: 1\n---\nspool: /x', '2: a second document: put all options into one'],
    ['spool: "/x', '1: this is not valid YAML: a colon, a comma, a quote or a space is missing'],
    [
      'metrics: a: b',
      '1: this is not valid YAML: a second colon: put a value with a colon and a space into quotes, one key on each line',
    ],
    ['spool: @x', '1: this is not valid YAML: a value that begins with this character needs quotes'],
    ['allow-host: [a', '1: this is not valid YAML: the indentation is wrong, or a bracket is missing'],
    [
      'buffer: 1\n  spool: /x',
      '1: this is not valid YAML: a second colon: put a value with a colon and a space into quotes, one key on each line',
    ],
    ['{'.repeat(9), '1: lists and maps inside each other are not accepted'],
  ])('%j', (text, ...expected) => {
    expect(read(text).problems).toEqual(expected.map((line) => `/etc/proxy.yaml:${line}`));
  });

  // A parser that calls itself for each bracket would end the process. So would one that takes minutes.
  test.each([
    '[',
    '{a: ',
    '- ',
    '? ',
    'a: ',
    '&a ',
    '!!a ',
    '"',
    "'",
    ': ',
    '- a: [',
    '---\n',
    '...\n',
    'a: b\n',
    '\n ',
    '%',
    '\t',
    '*a ',
    '|\n',
    '`',
  ])(
    'a file of 64 KiB of %j is rejected or empty',
    (part) => {
      const { entries, problems } = read(part.repeat(65_536 / part.length));
      expect(entries).toEqual([]);
      for (const problem of problems) expect(problem).toMatch(/^\/etc\/proxy\.yaml:\d+: /);
    },
    60_000,
  );
});

const SECRET = 'f00d5ecret';

test.each([
  `coder-token: ${SECRET}`,
  `token: ${SECRET}`,
  `coder-url: http://user:${SECRET}@h\n`,
  `coder-token:${SECRET}`,
  `buffer: 1\ncoder-token:${SECRET}`,
  `coder-token: "${SECRET}`,
  `coder-token: @${SECRET}`,
  `coder-token: %${SECRET}`,
  `coder-token: *${SECRET}`,
  `coder-token: &${SECRET}`,
  `coder-token: !${SECRET} x`,
  `coder-token: !${SECRET}! x`,
  `coder-token: {${SECRET}`,
  `coder-token: "\\${SECRET}"`,
  `coder-token: x: ${SECRET}`,
  `coder-token:\n\t${SECRET}`,
  `%${SECRET} 1\n---\nbuffer: 1`,
  `%TAG ! ${SECRET}\n---\nbuffer: ]`,
  `- ${SECRET}`,
  SECRET,
  `[${SECRET}`,
  `coder-token: >${SECRET}\n x`,
  `coder-token: [${SECRET}] ${SECRET}`,
  `buffer: { a: ${SECRET} }`,
  `buffer: 1 ${SECRET}\n  x: y`,
])('no message contains the secret of %j', (text) => {
  const { problems } = read(text);
  expect(problems.join()).not.toContain(SECRET);
});
