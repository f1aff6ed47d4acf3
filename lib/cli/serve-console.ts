import type { Logger } from '../logger.js';
import { isNatsUrl } from '../nats/servers.js';
import { descriptorBudget } from '../server/descriptors.js';
import type { BoundaryLogProxy } from '../server/proxy.js';
import { SOCKET } from './arguments.js';
import type { ServeOptions } from './configuration/serve-options.js';
import { shellWord } from './invocation.js';
import type { Io } from './io.js';
import { ServerWhenFree } from './server-when-free.js';

/** How many connections each HTTP server of `serve` may have, so that none takes the descriptors of the other. */
export function httpConnections(hasConsole: boolean): { metrics: number; console: number } {
  const { http } = descriptorBudget();
  const console = hasConsole ? Math.max(1, Math.floor((http * 3) / 8)) : 0;
  return { metrics: Math.max(1, http - console), console };
}

/** What the console shows. */
export interface ConsoleSubject {
  readonly proxy: BoundaryLogProxy;
  /** The path of its socket, if that is known. */
  readonly socketPath: string | undefined;
  readonly logger: Logger;
}

/**
 * Starts the console, if it is wanted. Only then its code is loaded.
 *
 * @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED
 */
export async function serveConsole(
  options: ServeOptions,
  { env, program = 'boundary-log-proxy' }: Io,
  { proxy, socketPath, logger }: ConsoleSubject,
): Promise<ServerWhenFree | undefined> {
  const { console: address, replace, reporter } = options;
  if (address === 'off') return undefined;
  const [{ Console }, { consoleToken, tokenPath }] = await Promise.all([
    import('../console/console.js'),
    import('../console/token-file.js'),
  ]);
  const socket = socketPath === undefined ? '' : ` --socket ${shellWord(socketPath)}`;
  const consoleOptions = {
    address,
    token: consoleToken(tokenPath(env), logger),
    labels: reporter.map((value) => labelOf(value, options)),
    sample: `${program} send${socket} --sample 20`,
    source: options.source,
    maxConnections: httpConnections(true).console,
    logger,
  };
  const waiting = { isReplacing: replace, address: 'the address of the console', logger };
  return ServerWhenFree.listen(() => Console.start(proxy, consoleOptions), waiting);
}

/** What the page calls a reporter. */
function labelOf(reporter: string, { eventsFile }: ServeOptions): string {
  if (reporter === 'coder') return 'Coder';
  if (isNatsUrl(reporter)) return 'NATS';
  if (reporter === 'null') return 'null';
  if (reporter === 'stdout') return eventsFile === undefined ? 'stdout' : 'the events file';
  return reporter.slice(SOCKET.length);
}
