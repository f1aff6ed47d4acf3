import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { BoundaryLogError } from '../errors.js';
import { token } from '../printable.js';
import { Predecessor } from '../server/listener/hand-over.js';
import type { Address } from './arguments.js';

/** How long another program has to say who it is, in ms. */
const PATIENCE_MS = 2000;
/** Its answer is far shorter if it is a proxy. */
const MAX_ANSWER = 16 * 1024;

/** Where the proxy that could not start wanted to listen. */
export interface Addresses {
  /** Undefined if it wanted no socket. */
  readonly socketPath: string | undefined;
  readonly metrics: Address | 'off';
}

/**
 * Says that a proxy is already running, with its socket, if that is why an address is in use. The address alone would not
 * tell a user who starts a second proxy what is wrong.
 *
 * @returns a better error, or the given one.
 */
export async function explained(error: unknown, { socketPath, metrics }: Addresses): Promise<unknown> {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_SOCKET_IN_USE' && code !== 'ERR_ADDRESS_IN_USE') return error;
  const pid = socketPath === undefined ? undefined : await proxyOn(socketPath);
  if (socketPath !== undefined && pid !== undefined) {
    const message = `a proxy is already running with the socket ${token(socketPath)}, as process ${pid}: stop it, take over from it with --replace, or choose another --socket and another --metrics address`;
    return new BoundaryLogError('ERR_SOCKET_IN_USE', message, { cause: error });
  }
  if (code === 'ERR_SOCKET_IN_USE' || metrics === 'off') return error;
  const other = await socketOf(metrics);
  if (other === undefined) return error;
  const address = `${metrics.host}:${metrics.port}`;
  const message = `a proxy is already running with the socket ${token(other)}, and uses the metrics address ${address}: stop it, or choose another address with --metrics HOST:PORT, or off`;
  return new BoundaryLogError('ERR_ADDRESS_IN_USE', message, { cause: error });
}

/** The process id of the proxy that listens on a path, if it says so. */
async function proxyOn(socketPath: string): Promise<number | undefined> {
  try {
    const found = await Predecessor.find(socketPath);
    found?.abandon();
    return found?.greeting.pid;
  } catch {
    // Another server, or the proxy of another user.
    return undefined;
  }
}

/** The socket of the proxy that answers on a metrics address, or undefined if something else does. */
async function socketOf({ host, port }: Address): Promise<string | undefined> {
  const socket = connect({ host, port });
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), PATIENCE_MS);
  let length = 0;
  socket.on('data', (chunk) => {
    length += chunk.length;
    if (length > MAX_ANSWER) socket.destroy(new Error('no such answer'));
  });
  // HTTP/1.0 needs no Host, and ends with the connection.
  socket.write('GET /healthz HTTP/1.0\r\n\r\n');
  try {
    const answer = await text(socket);
    const { socketPath } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    return typeof socketPath === 'string' ? socketPath : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
