import { readFileSync, statSync } from 'node:fs';
import type { Logger } from '../logger.js';
import { isCredentials } from '../nats/credentials.js';
import type { NatsOptions, StreamOptions } from '../nats/nats-options.js';
import { natsPackages } from '../nats/packages.js';
import { messageOf, token as shown } from '../printable.js';
import type { JetStreamReporter } from '../reporters/jetstream/jetstream-reporter.js';
import { callTimeoutMs } from './call-timeout.js';
import { advice, type Source } from './configuration/entry.js';
import type { ServeOptions } from './configuration/serve-options.js';
import { shellWord } from './invocation.js';
import type { Io } from './io.js';
import { isLasting } from './lasting-error.js';

/** These are secrets. They cannot be options, because other users can see the arguments of a process. */
export const NATS_ENV = { user: 'NATS_USER', password: 'NATS_PASSWORD', token: 'NATS_TOKEN' } as const;

export type NatsArguments = Pick<ServeOptions, Extract<keyof ServeOptions, `nats${string}`>>;

/** How the command connects to NATS. @param servers The address. */
export function natsOptions(servers: string, options: NatsArguments, { env }: Pick<Io, 'env'>): NatsOptions {
  return {
    servers,
    stream: options.natsStream,
    credentialsFile: options.natsCredentials,
    ...secretsIn(env),
    caFile: options.natsCa,
    certFile: options.natsCert,
    keyFile: options.natsKey,
    connectTimeoutMs: Math.round(options.natsConnectTimeout * 1000),
    reconnectInitialDelayMs: Math.round(options.natsReconnectDelay * 1000),
    reconnectMaxDelayMs: Math.round(options.natsReconnectMaxDelay * 1000),
    keepAliveMs: Math.round(options.natsKeepAlive * 1000),
  };
}

/** How the command creates the stream. */
export function streamOptions(options: NatsArguments): StreamOptions {
  const { natsMaxAge } = options;
  return {
    replicas: options.natsReplicas,
    maxBytes: options.natsMaxBytes,
    maxAgeMs: natsMaxAge === undefined ? undefined : natsMaxAge * 1000,
    duplicateWindowMs: options.natsDuplicateWindow * 1000,
  };
}

/** @throws ERR_INVALID_OPTION, and ERR_PACKAGE_MISSING, which no retry could correct. */
export async function natsReporter(
  servers: string,
  options: NatsArguments & Pick<ServeOptions, 'reportTimeout' | 'reportMaxTimeout'>,
  io: Pick<Io, 'env'>,
  logger: Logger,
): Promise<JetStreamReporter> {
  const { JetStreamReporter } = await import('../reporters/jetstream/jetstream-reporter.js');
  await natsPackages();
  warnAboutSecrets(options, logger);
  return new JetStreamReporter({
    ...natsOptions(servers, options, io),
    ...streamOptions(options),
    proxy: options.natsProxy,
    callTimeoutMs: callTimeoutMs(options.reportTimeout),
    maxCallTimeoutMs: callTimeoutMs(options.reportMaxTimeout),
    logger,
  });
}

/** An empty variable is not set. */
function secretsIn(env: Io['env']): Pick<NatsOptions, 'user' | 'password' | 'token'> {
  const { user, password, token } = NATS_ENV;
  return {
    user: env[user] || undefined,
    password: env[password] || undefined,
    token: env[token] || undefined,
  };
}

const FILES = [
  { option: 'natsCredentials', what: 'the credentials file' },
  { option: 'natsCa', what: 'the file of the certificate authority' },
  { option: 'natsCert', what: "the client's certificate" },
  { option: 'natsKey', what: "the client's key" },
] as const;

/**
 * What would make connecting to NATS pointless until somebody corrects it. This reads the files, and changes nothing.
 *
 * @param nameOf What to call an option: what the user wrote.
 * @returns one message for each problem.
 */
export function natsProblems(
  options: NatsArguments,
  { env }: Pick<Io, 'env'>,
  nameOf: (option: keyof NatsArguments) => string | undefined,
  source: Source,
): string[] {
  const problems: string[] = [];
  const name = (option: keyof NatsArguments) => nameOf(option) ?? advice(source, option);
  const { user, password, token } = secretsIn(env);
  const { natsCredentials, natsCert, natsKey } = options;
  const given = [
    ...(natsCredentials === undefined ? [] : [name('natsCredentials')]),
    ...(user === undefined ? [] : [NATS_ENV.user]),
    ...(token === undefined ? [] : [NATS_ENV.token]),
  ];
  if (given.length > 1)
    problems.push(`expected only one of ${given.join(', ')}: they are different ways to log in`);
  if ((user === undefined) !== (password === undefined))
    problems.push(`${NATS_ENV.user} and ${NATS_ENV.password} belong together: set both, or none`);
  if ((natsCert === undefined) !== (natsKey === undefined))
    problems.push(`${name('natsCert')} and ${name('natsKey')} belong together: set both, or none`);
  for (const { option, what } of FILES) {
    const path = options[option];
    const problem = path === undefined ? undefined : problemOf(path, what, option === 'natsCredentials');
    if (problem !== undefined) problems.push(`${name(option)}: ${problem}`);
  }
  return problems;
}

/** Another error of a file may pass, and is retried when the reporter connects. */
function problemOf(path: string, what: string, isCreds: boolean): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    if (!isCreds || isCredentials(text)) return undefined;
    return `the file ${shown(path)} does not contain a user JWT and a seed, as "nsc generate creds" writes them`;
  } catch (error) {
    if (!isLasting(error)) return undefined;
    return `${what} cannot be read (${messageOf(error)}): correct its path or its permissions`;
  }
}

/** Warns about files with secrets that every user can read or replace. */
export function warnAboutSecrets({ natsCredentials, natsKey }: NatsArguments, logger: Logger): void {
  for (const file of [natsCredentials, natsKey]) {
    if (file === undefined) continue;
    try {
      const { mode } = statSync(file);
      if ((mode & 0o006) === 0) continue;
      const fields = { file, mode: (mode & 0o7777).toString(8) };
      logger.warn(
        fields,
        `every user can read this secret of NATS or replace it: chmod o= ${shellWord(file)}`,
      );
    } catch {
      // Whoever connects says why it cannot be read.
    }
  }
}
