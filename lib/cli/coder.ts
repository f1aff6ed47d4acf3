import { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import { MAX_WAIT_MS } from '../options.js';
import { CoderReporter } from '../reporters/coder/coder-reporter.js';
import { agentToken } from './agent-token.js';
import type { Io } from './io.js';

export interface CoderOptions {
  coderUrl: string | undefined;
  coderTokenFile: string | undefined;
  coderAllowOld: boolean;
  /** Seconds. */
  reportTimeout: number;
  /** Seconds. */
  reportMaxTimeout: number;
  /** Seconds. */
  maxRetryAfter: number;
}

/** A call has less time than the attempt that it belongs to, so that it fails with its own error. */
const CALL_TIMEOUT_SHARE = 0.8;

/** @throws ERR_INVALID_OPTION if the URL of Coder or the token is missing. */
export function coderReporter(options: CoderOptions, { env }: Io, logger: Logger): CoderReporter {
  if (!options.coderUrl) {
    const message =
      '--reporter coder needs the URL of Coder: set --coder-url, or CODER_AGENT_URL in the environment';
    throw new BoundaryLogError('ERR_INVALID_OPTION', message);
  }
  return new CoderReporter({
    url: options.coderUrl,
    token: agentToken(options.coderTokenFile, env, logger),
    allowOldServer: options.coderAllowOld,
    callTimeoutMs: callTimeoutMs(options.reportTimeout),
    maxCallTimeoutMs: callTimeoutMs(options.reportMaxTimeout),
    maxRetryAfterMs: options.maxRetryAfter * 1000,
    logger,
  });
}

function callTimeoutMs(attemptSeconds: number): number {
  return Math.min(attemptSeconds * 1000 * CALL_TIMEOUT_SHARE, MAX_WAIT_MS);
}
