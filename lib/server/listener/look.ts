import { connect } from 'node:net';
import { BoundaryLogError } from '../../errors.js';
import { findFile, type SocketFile } from './socket-file.js';

export interface Found extends SocketFile {
  /** Whether a server listens on it. */
  readonly isLive: boolean;
}

/**
 * Looks at the socket file at a path, and asks by a connection whether a server listens on it.
 *
 * @returns undefined if the path is free.
 * @throws ERR_NOT_A_SOCKET
 */
export async function lookAt(path: string): Promise<Found | undefined> {
  const file = await findFile(path);
  if (file === undefined) return undefined;
  if (!file.isSocket) {
    const message = `${path} is not a socket, so it is left alone: remove it, or choose another path`;
    throw new BoundaryLogError('ERR_NOT_A_SOCKET', message);
  }
  const error = await connectionError(path);
  switch (error?.code) {
    case undefined:
    // Its queue of connections is full, or it is a socket of another type.
    case 'EAGAIN':
    case 'EPROTOTYPE':
      return { ...file, isLive: true };
    case 'ECONNREFUSED':
      return { ...file, isLive: false };
    case 'ENOENT':
      return undefined;
    case 'ECONNRESET':
      // The server has stopped to listen between the connection and its acceptance.
      return lookAt(path);
    default:
      throw Object.assign(new Error(`cannot connect to the existing socket (${error?.code})`), {
        cause: error,
      });
  }
}

function connectionError(path: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.on('error', resolve);
  });
}
