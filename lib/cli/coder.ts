import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import { MAX_WAIT_MS } from '../options.js';
import { quoted } from '../printable.js';
import { CoderReporter } from '../reporters/coder/coder-reporter.js';
import type { Io } from './io.js';

/** The token is a secret. There is no option for it, because other users can see the arguments of a process. */
const CODER_TOKEN_ENV = 'CODER_AGENT_TOKEN';

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
    throw missing('the URL of Coder: set --coder-url, or CODER_AGENT_URL in the environment');
  }
  return new CoderReporter({
    url: options.coderUrl,
    token: tokenSource(options.coderTokenFile, env[CODER_TOKEN_ENV]),
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

/** A file is read again for each connection, because tokens change. */
function tokenSource(file: string | undefined, token: string | undefined): string | (() => Promise<string>) {
  if (file === undefined) {
    if (token) return token.trim();
    throw missing(`the agent token: set --coder-token-file, or ${CODER_TOKEN_ENV} in the environment`);
  }
  try {
    readFileSync(file);
  } catch (cause) {
    const message = `--coder-token-file: got ${quoted(file)}, expected a file that can be read`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message, { cause });
  }
  return async () => (await readFile(file, 'utf8')).trim();
}

function missing(what: string): BoundaryLogError {
  return new BoundaryLogError('ERR_INVALID_OPTION', `--reporter coder needs ${what}`);
}
