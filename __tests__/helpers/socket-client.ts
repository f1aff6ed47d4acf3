import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection to a Unix socket, once it stands. */
export async function connectTo(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

/** Writes the pieces, each on its own, ends, and waits until the other side has closed, too. */
export async function sendAll(path: string, pieces: Buffer[]): Promise<void> {
  const socket = await connectTo(path);
  // Not once(), which would fail by the error of a connection that the receiver closed on purpose.
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.resume();
  for (const piece of pieces) {
    if (socket.destroyed) break;
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  socket.end();
  await closed;
}
