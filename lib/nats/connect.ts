import { readFile } from 'node:fs/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { orAborted } from '../abort.js';
import { Failure, isRefusal } from '../connection/failure.js';
import { BoundaryLogError } from '../errors.js';
import { messageOf } from '../printable.js';
import { isCredentials } from './credentials.js';
import { connectFailure, refusal } from './failures.js';
import type { ResolvedNatsOptions } from './nats-options.js';
import { type NatsPackages, natsPackages } from './packages.js';
import { NatsSession } from './session.js';
import { withSockets } from './sockets.js';

/** How many pings may be without an answer. */
const MAX_PINGS = 2;
/** How long one request about a stream may take, in ms. */
export const REQUEST_TIMEOUT_MS = 5000;

/** How long an attempt to connect may take, with all hosts, in ms. */
export function attemptTimeoutMs({ servers, connectTimeoutMs }: ResolvedNatsOptions): number {
  // After the last one, the stream is checked.
  return Math.min(servers.hosts.length * connectTimeoutMs + 2 * REQUEST_TIMEOUT_MS, 2 ** 31 - 1);
}

/**
 * Connects to one of the servers: each of them is tried once, in random order. The session does not reconnect by itself,
 * so that whoever keeps it notices each outage.
 *
 * @param signal Ends the attempt.
 * @throws ERR_CONNECT_FAILED if the reason may pass by itself
 * @throws ERR_NATS_REFUSED if somebody may have to change the configuration
 * @throws ERR_PACKAGE_MISSING
 */
export async function connectNats(options: ResolvedNatsOptions, signal: AbortSignal): Promise<NatsSession> {
  const packages = await natsPackages();
  const connection = await connectionOptions(options, packages);
  const failures: Failure[] = [];
  for (const host of shuffled(options.servers.hosts)) {
    signal.throwIfAborted();
    try {
      return await connectTo(host, connection, packages, signal);
    } catch (error) {
      const cause = signal.aborted ? signal.reason : error;
      // close() ends it.
      if (cause instanceof BoundaryLogError) throw cause;
      failures.push(connectFailure(host, cause, options));
      if (signal.aborted) break;
    }
  }
  throw allFailed(failures);
}

async function connectTo(
  host: string,
  options: NodeConnectionOptions,
  packages: NatsPackages,
  signal: AbortSignal,
): Promise<NatsSession> {
  const { tls, ...rest } = options;
  const address = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const connection = { ...rest, servers: [host] };
  if (tls) {
    // The client does not tell Node the host if it is an IP address. Node would expect a certificate for localhost.
    const check = {
      checkServerIdentity: (_: string, cert: PeerCertificate) => checkServerIdentity(address, cert),
    };
    Object.assign(connection, { tls: { ...tls, ...check } });
  }
  const connected = withSockets(() => packages.transport.connect(connection), signal);
  // One that is established too late is not needed any more.
  connected.then(
    (late) => {
      if (signal.aborted) late.close().catch(() => undefined);
    },
    () => undefined,
  );
  const nats = await orAborted(connected, signal);
  const manager = await packages.jetstream.jetstreamManager(nats, {
    checkAPI: false,
    timeout: REQUEST_TIMEOUT_MS,
  });
  return new NatsSession(nats, packages, manager);
}

/** One failure for all hosts: a refusal, which somebody has to correct, or else the first one. */
function allFailed(failures: readonly Failure[]): Failure {
  const [first] = failures;
  const told = failures.find(isRefusal) ?? (first as Failure);
  const others = failures.length - 1;
  if (others === 0) return told;
  const message = `${told.message}; ${others === 1 ? 'the other host fails' : `the ${others} other hosts fail`}, too`;
  return new Failure(told.code, message, { cause: told });
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

async function connectionOptions(
  options: ResolvedNatsOptions,
  { transport }: NatsPackages,
): Promise<NodeConnectionOptions> {
  const { user, password, token, connectTimeoutMs, keepAliveMs } = options;
  const tls = await tlsOptions(options);
  const connection: NodeConnectionOptions = {
    name: 'boundary-log-proxy',
    timeout: connectTimeoutMs,
    pingInterval: keepAliveMs,
    maxPingOut: MAX_PINGS,
    reconnect: false,
    ignoreClusterUpdates: true,
    // Otherwise each request collects a stack.
    noAsyncTraces: true,
  };
  if (tls !== undefined) connection.tls = tls;
  if (token !== undefined) connection.token = token;
  if (user !== undefined) Object.assign(connection, { user, pass: password });
  const { credentialsFile } = options;
  if (credentialsFile !== undefined) {
    const credentials = await readSetting(credentialsFile, 'the credentials file', '--nats-credentials');
    checkCredentials(credentials.toString());
    connection.authenticator = transport.credsAuthenticator(credentials);
  }
  return connection;
}

/** A file that says how to trust the server wants TLS, whatever the scheme is. */
async function tlsOptions(options: ResolvedNatsOptions): Promise<NodeConnectionOptions['tls'] | undefined> {
  const { servers, caFile, certFile, keyFile } = options;
  if (!servers.tls && caFile === undefined && certFile === undefined) return undefined;
  const text = async (path: string | undefined, what: string, option: string) =>
    path === undefined ? undefined : (await readSetting(path, what, option)).toString();
  const ca = await text(caFile, 'the file of the certificate authority', '--nats-ca');
  const cert = await text(certFile, "the client's certificate", '--nats-cert');
  const key = await text(keyFile, "the client's key", '--nats-key');
  return Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, value]) => value !== undefined));
}

/** A file that cannot be read is retried soon: it may be about to be replaced. */
async function readSetting(path: string, what: string, option: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw refusal(`${what} cannot be read (${messageOf(cause)}): correct ${option}`, cause);
  }
}

function checkCredentials(text: string): void {
  if (isCredentials(text)) return;
  throw refusal(
    'the credentials file does not contain a user JWT and a seed, as "nsc generate creds" writes them: correct --nats-credentials',
  );
}
