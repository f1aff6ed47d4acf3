import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { build } from '../lib/cli/program.js';
import { RETRY_OPTIONS } from '../lib/forwarding/retrying-reporter.js';
import { CODER_OPTIONS } from '../lib/reporters/coder/options.js';
import { PROXY_OPTIONS } from '../lib/server/proxy-options.js';
import { DROP_REASONS } from '../lib/telemetry/accounts.js';
import { FORWARD_DURATION, METRICS, REJECT_REASONS } from '../lib/telemetry/metrics.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const ERRORS = ['../codec/errors.ts', '../lib/errors.ts'].map((file) =>
  readFileSync(new URL(file, import.meta.url), 'utf8'),
);

/** The cells of the table that follows a heading or a table head, without their markup. */
function table(after: string): string[][] {
  const from = README.indexOf(after);
  expect(from).toBeGreaterThan(-1);
  const rows: string[][] = [];
  for (const line of README.slice(from).split('\n')) {
    if (line.startsWith('|'))
      rows.push(
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')),
      );
    else if (rows.length > 0) break;
  }
  return rows.slice(2);
}

const io = {
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  onSignal: () => () => undefined,
  exit: () => undefined,
};

describe('the options of the command', () => {
  const program = build(io, () => undefined);
  test.each(program.commands.map((command) => [command.name(), command] as const))('%s', (name, command) => {
    const documented = table(`### ${name}\n`);
    expect(documented.map(([option]) => option)).toEqual(command.options.map(({ long }) => long));
    for (const option of command.options) {
      const [, standing] = documented.find(([long]) => long === option.long) ?? [];
      const is = option.defaultValueDescription ?? option.defaultValue;
      if (option.long !== '--socket' && typeof is !== 'boolean' && is !== undefined)
        expect(standing).toBe(String(is));
    }
  });
});

test('the options of BoundaryLogProxy', () => {
  const documented = table('| option of `BoundaryLogProxy`').map(([option]) => option);
  expect(documented).toEqual(Object.keys(PROXY_OPTIONS));
});

test('the options of retry', () => {
  expect(table('| option of `retry`').map(([option]) => option)).toEqual(Object.keys(RETRY_OPTIONS));
});

test('the options of CoderReporter', () => {
  expect(table('| option of `CoderReporter`').map(([option]) => option)).toEqual(Object.keys(CODER_OPTIONS));
});

test('the metrics', () => {
  const documented = table('## Metrics\n');
  const prefix = /^agent_boundary_log_proxy_/;
  expect(documented).toEqual(
    [...METRICS, { ...FORWARD_DURATION, label: undefined }].map(({ name, type, label, help }) => [
      name.replace(prefix, ''),
      type,
      label ?? '',
      help,
    ]),
  );
});

test.each([...DROP_REASONS, ...REJECT_REASONS, 'boundary_channel_full', 'boundary_batch_full'])(
  'the reason %s',
  (reason) => {
    expect(README).toContain(`\`${reason}\``);
  },
);

test.each(ERRORS)('each error code has its row', (source) => {
  const rows = [...source.matchAll(/^ \* \| `(ERR_\w+)` \|/gm)].map(([, code]) => code);
  const codes = [...source.matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code);
  expect(rows).not.toEqual([]);
  expect(rows).toEqual(codes);
});
