import { writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from '@jest/globals';
import { type CoderOptions, coderReporter } from '../../../lib/cli/coder.js';
import { silent } from '../../../lib/logger.js';
import type { CoderReporter } from '../../../lib/reporters/coder/index.js';
import { agentServers, TOKEN } from '../../helpers/agent-server.js';
import { tempPaths } from '../../helpers/temp.js';
import { thrown } from '../../helpers/thrown.js';

const startServer = agentServers();
const path = tempPaths();
let reporter: CoderReporter | undefined;
afterEach(() => reporter?.close());

function make(options: Partial<CoderOptions>, env = {}): CoderReporter {
  const times = { reportTimeout: 10, reportMaxTimeout: 300, maxRetryAfter: 300 };
  const none = { coderUrl: undefined, coderTokenFile: undefined, coderAllowOld: false, ...times };
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const io = { ...streams, env, onSignal: () => () => undefined, exit: () => undefined };
  reporter = coderReporter({ ...none, ...options }, io, silent);
  return reporter;
}

test.each([
  ['the environment', {}, { CODER_AGENT_TOKEN: `${TOKEN}\n` }],
  ['a file, which takes precedence', { coderTokenFile: path() }, { CODER_AGENT_TOKEN: 'another' }],
])('the token comes from %s', async (_where, options: Partial<CoderOptions>, env) => {
  const server = await startServer();
  if (options.coderTokenFile !== undefined) writeFileSync(options.coderTokenFile, `${TOKEN}\n`);
  make({ coderUrl: server.url, ...options }, env);
  await server.session();
  expect(server.requests.at(-1)?.headers['coder-session-token']).toBe(TOKEN);
});

test.each([
  ['no address', {}, { CODER_AGENT_TOKEN: TOKEN }, '--coder-url'],
  ['an empty address', { coderUrl: '' }, { CODER_AGENT_TOKEN: TOKEN }, '--coder-url'],
  ['no token', { coderUrl: 'http://127.0.0.1:1' }, {}, 'CODER_AGENT_TOKEN'],
  ['an empty token', { coderUrl: 'http://127.0.0.1:1' }, { CODER_AGENT_TOKEN: '' }, 'CODER_AGENT_TOKEN'],
  ['a folder', { coderUrl: 'http://127.0.0.1:1', coderTokenFile: '/' }, {}, '--coder-token-file: got "/"'],
])('%s is rejected', (_what, options, env, text) => {
  expect(thrown(() => make(options, env))).toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining(text),
  });
});
