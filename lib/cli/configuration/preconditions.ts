import { BoundaryLogError } from '../../errors.js';
import { silent } from '../../logger.js';
import { isNatsUrl, sharesHost } from '../../nats/servers.js';
import { shown } from '../../options.js';
import { messageOf } from '../../printable.js';
import { isToken } from '../../reporters/coder/options.js';
import { groupNumber } from '../../server/listener/socket-group.js';
import { isSameSocket } from '../../socket-path.js';
import { agentToken, TOKEN_ENV } from '../agent-token.js';
import { socketOf } from '../arguments.js';
import type { Io } from '../io.js';
import { natsProblems } from '../nats.js';
import { advice } from './entry.js';
import type { Resolved } from './resolve.js';
import type { ServeOptions } from './serve-options.js';

/**
 * What `serve` needs besides acceptable options, and what would make starting it again pointless. This reads files, and
 * changes nothing.
 *
 * @returns one message for each problem.
 */
export function missing(
  { options, entryOf }: Resolved<ServeOptions>,
  { env }: Pick<Io, 'env'>,
): readonly string[] {
  const problems: string[] = [];
  const attempt = (check: () => unknown) => {
    try {
      check();
    } catch (error) {
      problems.push(messageOf(error));
    }
  };
  const { reporter, socketGroup, source: batchSource } = options;
  if (socketGroup !== undefined)
    attempt(() => groupNumber(socketGroup, undefined, entryOf('socketGroup')?.name));
  const { name = '--reporter', source = 'flag' } = entryOf('reporter') ?? {};
  for (const value of reporter) {
    const path = socketOf(value);
    if (path === undefined || batchSource !== undefined || !isSameSocket(path, options.socket)) continue;
    problems.push(
      `${name}: got ${shown(value)}, expected another socket than --socket, which would be a loop`,
    );
  }
  for (const value of reporter) {
    if (batchSource === undefined || !sharesHost(value, batchSource)) continue;
    problems.push(`${name}: got a server of --source, expected another one, because it would be a loop`);
  }
  if (reporter.some(isNatsUrl) || batchSource !== undefined) {
    problems.push(...natsProblems(options, { env }, (option) => entryOf(option)?.name, source));
  }
  if (!reporter.includes('coder')) return problems;

  const needing = `${name} coder`;
  if (options.coderUrl === undefined) {
    const how = `set ${advice(source, 'coderUrl')}, or CODER_AGENT_URL in the environment`;
    problems.push(`${needing} needs the URL of Coder: ${how}`);
  }
  attempt(() => {
    const option = entryOf('coderTokenFile')?.name ?? advice(source, 'coderTokenFile');
    const token = agentToken(options.coderTokenFile, env, silent, { needing, option });
    if (typeof token === 'function' || isToken(token)) return;
    const message = `${TOKEN_ENV}: got a text that is not a valid token (not shown here), expected the agent token`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message);
  });
  return problems;
}
