import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { type CoderOptions, coderReporter } from '../../../lib/cli/coder.js';
import { type Logger, silent } from '../../../lib/logger.js';
import type { CoderReporter } from '../../../lib/reporters/coder/index.js';
import { agentServers, TOKEN } from '../../helpers/agent-server.js';
import { resolvedFlags } from '../../helpers/configuration.js';
import { logLines } from '../../helpers/log-lines.js';
import { tempPaths } from '../../helpers/temp.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';

const startServer = agentServers();
const path = tempPaths();
let reporter: CoderReporter | undefined;
afterEach(() => reporter?.close());

function make(options: Partial<CoderOptions>, env: object = {}, logger: Logger = silent): CoderReporter {
  reporter = coderReporter({ ...resolvedFlags().options, ...options }, { env: { ...env } }, logger);
  return reporter;
}

/** A new file that contains a token. */
function fileWith(token: string, mode = 0o600): string {
  const file = path();
  writeFileSync(file, token, { mode });
  return file;
}

test.each<[string, () => { options?: Partial<CoderOptions>; env?: object }]>([
  ['the variable', () => ({ env: { CODER_AGENT_TOKEN: `${TOKEN}\n` } })],
  ['the file in the other variable', () => ({ env: { CODER_AGENT_TOKEN_FILE: fileWith(`${TOKEN}\n`) } })],
  ['the file of the option', () => ({ options: { coderTokenFile: fileWith(`\t${TOKEN} \r\n`) } })],
  [
    'the variable, not its file',
    () => ({ env: { CODER_AGENT_TOKEN: TOKEN, CODER_AGENT_TOKEN_FILE: fileWith('another') } }),
  ],
  [
    'the file, if the variable is empty',
    () => ({ env: { CODER_AGENT_TOKEN: '', CODER_AGENT_TOKEN_FILE: fileWith(TOKEN) } }),
  ],
  [
    'the option, not the variables',
    () => ({
      options: { coderTokenFile: fileWith(TOKEN) },
      env: { CODER_AGENT_TOKEN: 'another', CODER_AGENT_TOKEN_FILE: '/does/not/exist' },
    }),
  ],
])('the token comes from %s', async (_where, given) => {
  const server = await startServer();
  const { options, env } = given();
  make({ coderUrl: server.url, ...options }, env);
  await server.session();
  expect(server.requests.at(-1)?.headers['coder-session-token']).toBe(TOKEN);
});

test.each([
  ['no token', { coderUrl: 'http://127.0.0.1:1' }, {}, 'CODER_AGENT_TOKEN'],
  ['an empty token', { coderUrl: 'http://127.0.0.1:1' }, { CODER_AGENT_TOKEN: '' }, 'CODER_AGENT_TOKEN'],
  [
    'no token, with an empty file name',
    { coderUrl: 'http://127.0.0.1:1' },
    { CODER_AGENT_TOKEN_FILE: '' },
    'CODER_AGENT_TOKEN_FILE',
  ],
])('%s is rejected', (_what, options, env, text) => {
  expect(thrown(() => make(options, env))).toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining(text),
  });
});

test.each<[string, file: () => string, text: RegExp]>([
  [
    'a folder',
    () => '/',
    /^NAME: the file with the agent token cannot be read \((Error: )?EISDIR.*correct its path/,
  ],
  [
    'missing',
    path,
    /^NAME: the file with the agent token cannot be read \((Error: )?ENOENT.*correct its path/,
  ],
  [
    'below a file',
    () => `${fileWith('x')}/y`,
    /^NAME: the file with the agent token cannot be read \((Error: )?ENOTDIR/,
  ],
  ['empty', () => fileWith(''), /^NAME: the file \/\S+ is empty$/],
  ['only a newline', () => fileWith('\n'), /^NAME: the file \/\S+ is empty$/],
  [
    'a variable',
    () => fileWith('TOKEN = secret'),
    /^NAME: the file \/\S+ does not contain an agent token alone/,
  ],
])('a token file that is %s at the start is rejected', (_what, file, text) => {
  const coderUrl = 'http://127.0.0.1:1';
  const ways: [string, () => CoderReporter][] = [
    ['--coder-token-file', () => make({ coderUrl, coderTokenFile: file() })],
    ['CODER_AGENT_TOKEN_FILE', () => make({ coderUrl }, { CODER_AGENT_TOKEN_FILE: file() })],
  ];
  for (const [name, start] of ways) {
    const error = thrown(start) as Error;
    expect(error).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(text.source.replace('NAME', name)),
    });
    expect(error.message).not.toContain('secret');
  }
});

test('a token file that fails for a reason that may pass does not prevent the start', async () => {
  const server = await startServer();
  const file = path();
  // Reading it fails with EIO, as a disk or a network file system may.
  symlinkSync('/proc/self/mem', file);
  const logger = logLines();
  make({ coderUrl: server.url }, { CODER_AGENT_TOKEN_FILE: file }, logger);
  const said = (text: string) => () => JSON.stringify(logger.lines).includes(text);
  expect(said('CODER_AGENT_TOKEN_FILE: the file with the agent token cannot be read yet')()).toBe(true);
  await until('an attempt has failed', said('Coder is not available'));
  expect(logger.lines.at(-1)?.fields.err).toMatchObject({
    message: expect.stringMatching(/cannot be read.*EIO/),
  });
  rmSync(file);
  writeFileSync(file, TOKEN, { mode: 0o600 });
  await server.session();
  expect(server.requests).toHaveLength(1);
});

test.each([
  ['644', true],
  ['602', true],
  ['640', false],
  ['600', false],
])('a token file with mode %s: there is a warning (%p)', async (mode, warns) => {
  const server = await startServer();
  const file = fileWith(TOKEN, 0o600);
  chmodSync(file, mode);
  const logger = logLines();
  make({ coderUrl: server.url, coderTokenFile: file }, {}, logger);
  (await server.session()).socket.destroy();
  await server.session(1);
  const warnings = logger.lines.filter(({ message }) => message.includes('agent token'));
  // Once, although the file was read for two connections.
  expect(warnings).toEqual(
    warns
      ? [
          {
            level: 'warn',
            message: `every user can read the agent token or replace it: chmod o= ${file}`,
            fields: { file, mode },
          },
        ]
      : [],
  );
});
