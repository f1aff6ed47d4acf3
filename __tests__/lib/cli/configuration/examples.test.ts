import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { defaultOf, keyOf, type Row } from '../../../../lib/cli/configuration/row.js';
import { schemaOf } from '../../../../lib/cli/configuration/schema.js';
import { SERVE_OPTIONS } from '../../../../lib/cli/configuration/serve-options.js';
import { readYaml } from '../../../../lib/cli/configuration/yaml-file.js';
import { blocksOf, PAGES } from '../../../helpers/code-blocks.js';
import { resolved } from '../../../helpers/configuration.js';
import { accepts } from '../../../helpers/json-schema.js';
import { commands } from '../../../helpers/processes.js';
import { tempPaths } from '../../../helpers/temp.js';

const EXAMPLE = readFileSync(
  new URL('../../../../examples/boundary-log-proxy.yaml', import.meta.url),
  'utf8',
);
const ROWS = Object.entries<Row>(SERVE_OPTIONS);

/** What is wrong with a file. */
const problemsOf = (file: string) => resolved({ file }).problems;

describe('examples/boundary-log-proxy.yaml', () => {
  const { entries } = readYaml(EXAMPLE, '/f', SERVE_OPTIONS);
  /** Options that are comments, with their values. */
  const commented = new Map(
    [...EXAMPLE.matchAll(/^# (?!yaml-)([\w-]+): (\S+)$/gm)].map(([, key = '', value = '']) => [key, value]),
  );

  test('contains each option once', () => {
    const keys = [...entries.map(({ option }) => keyOf(option)), ...commented.keys()];
    expect(keys.sort()).toEqual(ROWS.map(([option]) => keyOf(option)).sort());
  });

  test('is valid, to an editor as well', () => {
    expect(problemsOf(EXAMPLE)).toEqual([]);
    expect(accepts(schemaOf(SERVE_OPTIONS), parse(EXAMPLE))).toBe(true);
  });

  test.each(ROWS)('%s has its default, or has none', (option, row) => {
    const given = entries.find((entry) => entry.option === option)?.texts ?? [
      commented.get(keyOf(option)) ?? '',
    ];
    expect(() => row.kind.parse(option, given)).not.toThrow();
    // Some defaults depend on other options.
    const shown =
      row.default === undefined
        ? ''
        : typeof row.default === 'boolean'
          ? String(row.default)
          : defaultOf(row);
    const isExample = ['reporter', 'socket'].includes(option) || shown === '';
    if (!isExample) expect(given).toEqual([shown]);
  });

  test('serve --check accepts it, when there is a token', async () => {
    const [file, token] = [tempPath(), tempPath()];
    writeFileSync(token, 'token');
    writeFileSync(file, EXAMPLE.replace('/run/secrets/agent-token', token));
    const env = {
      CODER_AGENT_TOKEN: undefined,
      CODER_AGENT_TOKEN_FILE: undefined,
      CODER_AGENT_URL: undefined,
    };
    const checked = start(['serve', '--check', '--config', file], { env });
    expect([await checked.ended, checked.stdout(), checked.stderr()]).toEqual([
      0,
      'the options are valid\n',
      '',
    ]);
  });
});

const tempPath = tempPaths();
const start = commands();

/** A manifest of Kubernetes, or a configuration of Prometheus, begins with one of these keys. */
const isOfAnotherProgram = (code: string) => /^(apiVersion|spec|rule_files):/.test(code);
const BLOCKS = PAGES.flatMap(blocksOf).filter(
  ({ language, code }) => language === 'yaml' && !isOfAnotherProgram(code),
);

test.each(BLOCKS.map((block) => [`${block.file}:${block.line}`, block.code] as const))(
  'the file at %s is valid',
  (_where, code) => {
    expect(problemsOf(code)).toEqual([]);
  },
);

test('there is such a file', () => {
  expect(BLOCKS).not.toEqual([]);
});
