import { RECONNECT_OPTIONS } from '../../connection/reconnect-options.js';
import { BoundaryLogError } from '../../errors.js';
import { RETRY_OPTIONS } from '../../forwarding/retry-options.js';
import { guardedLogger } from '../../guard.js';
import type { Logger } from '../../logger.js';
import {
  anything,
  callable,
  checkArgument,
  flag,
  LOGGER_OPTION,
  milliseconds,
  type OptionTable,
  type ResolvedOptions,
  resolveOptions,
  shown,
  wholeNumber,
} from '../../options.js';
import { parsedUrl } from '../../parsed-url.js';

/** Options of {@link CoderReporter}. */
export interface CoderReporterOptions {
  /** URL of the Coder deployment, `http` or `https`; it may contain a path. Such as `https://coder.example.com`. */
  url: string;
  /** The workspace agent's token, or a function that returns it and is called for each new connection. */
  token: string | (() => string | Promise<string>);
  /**
   * Whether to connect to a Coder older than 2.31.1, too, with the agent API 2.7; it shows the workspace agent as
   * disconnected when the connection ends. Default: `false`.
   */
  allowOldServer?: boolean | undefined;
  /**
   * How long one call may take, in ms. The default is less than the default of `retry.timeoutMs`, so that a slow
   * call fails with its own error. Default: `8000`.
   */
  callTimeoutMs?: number | undefined;
  /** Upper limit of `callTimeoutMs`, which doubles after each call that took too long, in ms. Default: `240000`. */
  maxCallTimeoutMs?: number | undefined;
  /** How long it may take to connect, in ms. Default: `15000`. */
  connectTimeoutMs?: number | undefined;
  /**
   * Longest delay before the first attempt to reconnect, in ms; each delay is random, and its longest value doubles.
   * Default: `1000`.
   */
  reconnectInitialDelayMs?: number | undefined;
  /** Upper limit of the longest delay, in ms. Default: `10000`. */
  reconnectMaxDelayMs?: number | undefined;
  /** Upper limit of the delay that `Retry-After` asks for, in ms. Default: `300000`. */
  maxRetryAfterMs?: number | undefined;
  /** How often the reporter pings Coder, in ms; Coder has 10 s to answer. Default: `15000`. */
  keepAliveMs?: number | undefined;
  /** A pino logger, or any object with its four methods. Default: silent. */
  logger?: Logger | undefined;
}

export const CODER_OPTIONS = {
  url: {
    expected: 'an http or https URL without user, query and fragment, such as https://coder.example.com',
    accepts: (value) => typeof value === 'string' && isBaseUrl(value),
    doc: 'URL of the Coder deployment, `http` or `https`; it may contain a path',
  },
  token: {
    // resolveCoderOptions() checks it, because the error must not contain the value.
    ...anything,
    doc: "The workspace agent's token, or a function that returns it and is called for each new connection",
  },
  allowOldServer: {
    ...flag,
    default: false,
    doc: 'Whether to connect to a Coder older than 2.31.1, too, with the agent API 2.7; it shows the workspace agent as disconnected when the connection ends',
  },
  callTimeoutMs: { ...milliseconds({ min: 1 }), default: 8000, doc: 'How long one call may take, in ms' },
  maxCallTimeoutMs: {
    ...milliseconds({ min: 1 }),
    default: 240_000,
    doc: 'Upper limit of `callTimeoutMs`, which doubles after each call that took too long, in ms',
  },
  connectTimeoutMs: {
    ...milliseconds({ min: 1 }),
    default: 15_000,
    doc: 'How long it may take to connect, in ms',
  },
  ...RECONNECT_OPTIONS,
  maxRetryAfterMs: {
    ...RETRY_OPTIONS.maxRetryAfterMs,
    doc: 'Upper limit of the delay that `Retry-After` asks for, in ms',
  },
  keepAliveMs: {
    // Including the time to answer, a silent server is detected within 40 s.
    ...wholeNumber({ min: 10, max: 30_000 }),
    default: 15_000,
    doc: 'How often the reporter pings Coder, in ms; Coder has 10 s to answer',
  },
  logger: LOGGER_OPTION,
} satisfies OptionTable<CoderReporterOptions>;

export type ResolvedCoderOptions = ResolvedOptions<CoderReporterOptions, typeof CODER_OPTIONS>;

/** @throws ERR_INVALID_OPTION. The error never contains the token. */
export function resolveCoderOptions(options: CoderReporterOptions): ResolvedCoderOptions {
  const owner = 'CoderReporter';
  const given = resolveOptions(owner, options, CODER_OPTIONS);
  const { url, token } = options;
  checkArgument(owner, 'url', url, CODER_OPTIONS.url);
  const resolved = { ...given, logger: guardedLogger(given.logger).logger };
  if (callable.accepts(token) || isToken(token)) return resolved;
  const got = typeof token === 'string' ? 'a text that is not a valid token (not shown here)' : shown(token);
  const message = `${owner}: token: got ${got}, expected the agent token, or a function that returns it`;
  throw new BoundaryLogError('ERR_INVALID_OPTION', message);
}

/** Whether a value can be sent in an HTTP header as a token: visible ASCII characters, at least one. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

function isBaseUrl(value: string): boolean {
  const url = parsedUrl(value);
  if (url === undefined) return false;
  const { protocol, username, password, search, hash } = url;
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}
