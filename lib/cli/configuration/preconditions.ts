import { BoundaryLogError } from '../../errors.js';
import { silent } from '../../logger.js';
import { messageOf } from '../../printable.js';
import { isToken } from '../../reporters/coder/options.js';
import { groupNumber } from '../../server/listener/socket-group.js';
import { agentToken, TOKEN_ENV } from '../agent-token.js';
import type { Io } from '../io.js';
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
  const { reporter, socketGroup } = options;
  if (socketGroup !== undefined)
    attempt(() => groupNumber(socketGroup, undefined, entryOf('socketGroup')?.name));
  if (reporter !== 'coder') return problems;

  const { name = '--reporter', source = 'flag' } = entryOf('reporter') ?? {};
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
