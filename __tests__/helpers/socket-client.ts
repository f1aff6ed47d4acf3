import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Connects to a Unix socket. */
export async function connectTo(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

/** Writes the pieces one by one, ends, and waits until the other side has closed the connection, too. */
export async function sendAll(path: string, pieces: Buffer[]): Promise<void> {
  const socket = await connectTo(path);
  // once() would reject with the error of a connection that the receiver closes on purpose.
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.resume();
  for (const piece of pieces) {
    if (socket.destroyed) break;
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  socket.end();
  await closed;
}
