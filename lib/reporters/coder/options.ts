import { BoundaryLogError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import {
  anything,
  checkOptions,
  flag,
  invalidOption,
  MAX_WAIT_MS,
  type OptionTable,
  objectWith,
  shown,
  wholeNumber,
} from '../../options.js';

/** Options of {@link CoderReporter}. */
export interface CoderReporterOptions {
  /** Where the Coder deployment is, such as `https://coder.example.com`. A path in it is kept. */
  url: string;
  /** The workspace agent's token, or what gives it: called each time that a connection is made. */
  token: string | (() => string | Promise<string>);
  /** Whether to connect without asking whether the server is Coder 2.31 or newer. Default false. */
  allowOldServer?: boolean | undefined;
  /** How long one call may take, in ms. Default 8000: less than what retries give one attempt. */
  callTimeoutMs?: number | undefined;
  /** How long it may take to connect, in ms. Default 15000. */
  connectTimeoutMs?: number | undefined;
  /** Longest wait before the first attempt to connect again, in ms. Each doubles it. Default 1000. */
  reconnectInitialDelayMs?: number | undefined;
  /** Beyond this it does not grow, in ms. Default 30000. */
  reconnectMaxDelayMs?: number | undefined;
  /** How often the server is asked whether it is still there, in ms; it has 10 s to answer. Default 15000. */
  keepAliveMs?: number | undefined;
  /** A pino logger, or anything with its four methods. Default: silent. */
  logger?: Logger | undefined;
}

const wait = (min: number) => wholeNumber({ min, max: MAX_WAIT_MS });

export const CODER_OPTIONS: OptionTable<CoderReporterOptions> = {
  url: {
    takes: 'an http or https URL without user, query and fragment, such as https://coder.example.com',
    accepts: (value) => typeof value === 'string' && isBaseUrl(value),
  },
  // Not to be shown: checked below.
  token: anything,
  allowOldServer: flag,
  callTimeoutMs: wait(1),
  connectTimeoutMs: wait(1),
  reconnectInitialDelayMs: wait(0),
  reconnectMaxDelayMs: wait(0),
  // With the time to answer, a silent server is found within 40 s.
  keepAliveMs: wholeNumber({ min: 10, max: 30_000 }),
  logger: objectWith('debug', 'info', 'warn', 'error'),
};

/** @throws ERR_INVALID_OPTION, never with the token in it. */
export function checkCoderOptions(options: CoderReporterOptions): void {
  const owner = 'CoderReporter';
  const { url, token } = options;
  if (url === undefined) throw invalidOption(`${owner}: url`, url, CODER_OPTIONS.url.takes);
  checkOptions(owner, options, CODER_OPTIONS);
  if (typeof token === 'function' || isToken(token)) return;
  const got = typeof token === 'string' ? 'a text that cannot be one, not shown here' : shown(token);
  const message = `${owner}: token: got ${got}, takes the agent token, or a function that gives it`;
  throw new BoundaryLogError('ERR_INVALID_OPTION', message);
}

/** What may stand in an HTTP header: visible ASCII, and something of it. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

function isBaseUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}
