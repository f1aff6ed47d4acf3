import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { build } from '../lib/cli/program.js';
import { RETRY_OPTIONS } from '../lib/forwarding/retrying-reporter.js';
import { CODER_OPTIONS } from '../lib/reporters/coder/options.js';
import { PROXY_OPTIONS } from '../lib/server/proxy-options.js';
import { DROP_REASONS } from '../lib/telemetry/accounts.js';
import { FORWARD_DURATION, METRICS, REJECT_REASONS } from '../lib/telemetry/metrics.js';
import { documentedOptions, tableAfter } from './helpers/markdown.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const ERRORS = ['../codec/errors.ts', '../lib/errors.ts'].map((file) =>
  readFileSync(new URL(file, import.meta.url), 'utf8'),
);

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
    const documented = tableAfter(README, `### ${name}\n`);
    expect(documented.map(([option]) => option)).toEqual(command.options.map(({ long }) => long));
    for (const option of command.options) {
      const [, standing] = documented.find(([long]) => long === option.long) ?? [];
      const is = option.defaultValueDescription ?? option.defaultValue;
      if (option.long !== '--socket' && typeof is !== 'boolean' && is !== undefined)
        expect(standing).toBe(String(is));
    }
  });
});

test.each([
  ['BoundaryLogProxy', PROXY_OPTIONS],
  ['retry', RETRY_OPTIONS],
  ['CoderReporter', CODER_OPTIONS],
])('the options of %s: names, defaults and texts', (name, options) => {
  expect(tableAfter(README, `| option of \`${name}\``)).toEqual(documentedOptions(options));
});

test('the metrics', () => {
  const documented = tableAfter(README, '## Metrics\n');
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
