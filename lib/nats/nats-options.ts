import { RECONNECT_OPTIONS } from '../connection/reconnect-options.js';
import { BoundaryLogError } from '../errors.js';
import { guardedLogger } from '../guard.js';
import type { Logger } from '../logger.js';
import {
  checkArgument,
  LOGGER_OPTION,
  milliseconds,
  type OptionCheck,
  type OptionTable,
  type ResolvedOptions,
  resolveOptions,
  text,
  wholeNumber,
} from '../options.js';
import { parseServers, SERVERS, type Servers } from './servers.js';

/** How to connect to NATS, and which stream to use. */
export interface NatsOptions {
  /** One server or several of a cluster: `nats://HOST:PORT[,HOST:PORT…]`, or `tls://…`; or a list of them. */
  servers: string | readonly string[];
  /** Name of the stream. Default: `'boundary-logs'`. */
  stream?: string | undefined;
  /** Path of a credentials file (`.creds`) with a JWT and a seed; read for each new connection. */
  credentialsFile?: string | undefined;
  /** User name, with `password`. */
  user?: string | undefined;
  /** Password of `user`. */
  password?: string | undefined;
  /** Token, in place of a user. */
  token?: string | undefined;
  /** Path of the certificates of the authorities to trust, as PEM; only a connection with TLS is good enough then. */
  caFile?: string | undefined;
  /** Path of the client's certificate, as PEM, with `keyFile`. */
  certFile?: string | undefined;
  /** Path of the client's private key, as PEM. */
  keyFile?: string | undefined;
  /** How long it may take to connect to one host, in ms. Default: `5000`. */
  connectTimeoutMs?: number | undefined;
  /**
   * Longest delay before the first attempt to reconnect, in ms; each delay is random, and its longest value doubles.
   * Default: `1000`.
   */
  reconnectInitialDelayMs?: number | undefined;
  /** Upper limit of the longest delay, in ms. Default: `10000`. */
  reconnectMaxDelayMs?: number | undefined;
  /** How often the server is pinged, in ms; a connection on which two pings are not answered ends. Default: `10000`. */
  keepAliveMs?: number | undefined;
  /** A pino logger, or any object with its four methods. Default: silent. */
  logger?: Logger | undefined;
}

/** A name that the server accepts as part of its own subjects and as the name of a folder. */
export const STREAM_NAME: OptionCheck = {
  expected: 'a name of letters, digits, - and _, at most 64',
  accepts: (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value),
};

/** What an error must not contain. */
const secret = (what: string): OptionCheck => ({
  expected: what,
  accepts: (value) => text.accepts(value),
});

export const NATS_OPTIONS = {
  servers: {
    ...SERVERS,
    doc: 'One server or several of a cluster: `nats://HOST:PORT[,HOST:PORT…]`, or `tls://…`; or a list of them',
  },
  stream: { ...STREAM_NAME, default: 'boundary-logs', doc: 'Name of the stream' },
  credentialsFile: {
    ...text,
    doc: 'Path of a credentials file (`.creds`) with a JWT and a seed; read for each new connection',
  },
  user: { ...secret('a user name'), doc: 'User name, with `password`' },
  password: { ...secret('a password'), doc: 'Password of `user`' },
  token: { ...secret('a token'), doc: 'Token, in place of a user' },
  caFile: {
    ...text,
    doc: 'Path of the certificates of the authorities to trust, as PEM; only a connection with TLS is good enough then',
  },
  certFile: { ...text, doc: "Path of the client's certificate, as PEM, with `keyFile`" },
  keyFile: { ...text, doc: "Path of the client's private key, as PEM" },
  connectTimeoutMs: {
    ...milliseconds({ min: 1 }),
    default: 5000,
    doc: 'How long it may take to connect to one host, in ms',
  },
  ...RECONNECT_OPTIONS,
  keepAliveMs: {
    ...wholeNumber({ min: 10, max: 30_000 }),
    default: 10_000,
    doc: 'How often the server is pinged, in ms; a connection on which two pings are not answered ends',
  },
  logger: LOGGER_OPTION,
} satisfies OptionTable<NatsOptions>;

/** How the stream is created if it is missing. An existing one is never changed. */
export interface StreamOptions {
  /** How many servers of a cluster store the stream, if it is created. Default: `1`. */
  replicas?: number | undefined;
  /** How many bytes the stream may have, if it is created; when it is full, the reporter waits. Default: no limit. */
  maxBytes?: number | undefined;
  /** How long messages are kept, in ms, if the stream is created. Default: no limit. */
  maxAgeMs?: number | undefined;
  /**
   * How long the stream remembers the ids of messages, in ms, if it is created: a retry within this time is stored once.
   * Default: `600000`.
   */
  duplicateWindowMs?: number | undefined;
}

/** A shorter one ends before some retries do. */
export const LEAST_DUPLICATE_WINDOW_MS = 600_000;

export const STREAM_OPTIONS = {
  replicas: {
    ...wholeNumber({ min: 1, max: 5 }),
    default: 1,
    doc: 'How many servers of a cluster store the stream, if it is created',
  },
  maxBytes: {
    ...wholeNumber({ min: 1 }),
    defaultDoc: 'no limit',
    doc: 'How many bytes the stream may have, if it is created; when it is full, the reporter waits',
  },
  maxAgeMs: {
    ...wholeNumber({ min: 1000 }),
    defaultDoc: 'no limit',
    doc: 'How long messages are kept, in ms, if the stream is created',
  },
  duplicateWindowMs: {
    ...wholeNumber({ min: 1000 }),
    default: LEAST_DUPLICATE_WINDOW_MS,
    doc: 'How long the stream remembers the ids of messages, in ms, if it is created: a retry within this time is stored once',
  },
} satisfies OptionTable<StreamOptions>;

export type ResolvedStreamOptions = ResolvedOptions<StreamOptions, typeof STREAM_OPTIONS>;

export type ResolvedNatsOptions = Omit<ResolvedOptions<NatsOptions, typeof NATS_OPTIONS>, 'servers'> & {
  readonly servers: Servers;
};

const SECRETS = ['servers', 'user', 'password', 'token'] as const;

/**
 * Checks options of which a part says how to connect.
 *
 * @param table All of them, with the rows of {@link NATS_OPTIONS}.
 * @throws ERR_INVALID_OPTION. The error never contains a secret.
 */
export function resolveNatsOptions<Options extends NatsOptions, Table extends OptionTable<Options>>(
  owner: string,
  options: Options,
  table: Table,
): Omit<ResolvedOptions<Options, Table>, 'servers' | 'logger'> & ResolvedNatsOptions {
  for (const name of SECRETS) {
    const value = options?.[name];
    if (value === undefined || NATS_OPTIONS[name].accepts(value)) continue;
    const message = `${owner}: ${name}: got a value that is not shown here, expected ${NATS_OPTIONS[name].expected}`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message);
  }
  const resolved = resolveOptions<Options, Table>(owner, options, table);
  checkArgument(owner, 'servers', options.servers, SERVERS);
  checkPairs(owner, options);
  const { logger } = resolved as unknown as { logger: Logger };
  return {
    ...resolved,
    servers: parseServers(options.servers) as Servers,
    logger: guardedLogger(logger).logger,
  } as unknown as Omit<ResolvedOptions<Options, Table>, 'servers' | 'logger'> & ResolvedNatsOptions;
}

function checkPairs(
  owner: string,
  { user, password, token, credentialsFile, certFile, keyFile }: NatsOptions,
) {
  const ways = [credentialsFile, user, token].filter((way) => way !== undefined);
  let problem: string | undefined;
  if (ways.length > 1) problem = 'expected only one of credentialsFile, user and token';
  else if ((user === undefined) !== (password === undefined)) problem = 'user and password belong together';
  else if ((certFile === undefined) !== (keyFile === undefined))
    problem = 'certFile and keyFile belong together';
  if (problem !== undefined) throw new BoundaryLogError('ERR_INVALID_OPTION', `${owner}: ${problem}`);
}
