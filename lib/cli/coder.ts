import type { Logger } from '../logger.js';
import { CoderReporter } from '../reporters/coder/coder-reporter.js';
import { agentToken } from './agent-token.js';
import { callTimeoutMs } from './call-timeout.js';
import type { ServeOptions } from './configuration/serve-options.js';
import type { Io } from './io.js';

export type CoderOptions = Pick<
  ServeOptions,
  Extract<keyof ServeOptions, `coder${string}`> | 'reportTimeout' | 'reportMaxTimeout' | 'maxRetryAfter'
>;

/**
 * @param options With a URL.
 * @param tokenFileName What to call the option with the file of the token in messages: what the user wrote.
 * @throws ERR_INVALID_OPTION if the URL or the token is missing.
 */
export function coderReporter(
  options: CoderOptions,
  { env }: Pick<Io, 'env'>,
  logger: Logger,
  tokenFileName = '--coder-token-file',
): CoderReporter {
  const names = { needing: '--reporter coder', option: tokenFileName };
  return new CoderReporter({
    url: options.coderUrl as string,
    token: agentToken(options.coderTokenFile, env, logger, names),
    allowOldServer: options.coderAllowOld,
    connectTimeoutMs: Math.round(options.coderConnectTimeout * 1000),
    reconnectInitialDelayMs: Math.round(options.coderReconnectDelay * 1000),
    reconnectMaxDelayMs: Math.round(options.coderReconnectMaxDelay * 1000),
    keepAliveMs: Math.round(options.coderKeepAlive * 1000),
    callTimeoutMs: callTimeoutMs(options.reportTimeout),
    maxCallTimeoutMs: callTimeoutMs(options.reportMaxTimeout),
    maxRetryAfterMs: options.maxRetryAfter * 1000,
    logger,
  });
}
