import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { onAbort } from '../abort.js';

/** Called with each socket that a function opens, while it runs within it. */
const opening = new AsyncLocalStorage<(socket: Socket) => void>();
let isSubscribed = false;

/**
 * Runs an attempt to connect, and destroys the sockets that it has opened if it fails or if the signal aborts. The client
 * of NATS does neither: the socket to a server that accepts the connection and then says nothing would stay open, and
 * keep the process alive.
 *
 * @throws what the attempt throws, which is soon after the signal has aborted.
 */
export async function withSockets<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  if (!isSubscribed) {
    isSubscribed = true;
    subscribe('net.client.socket', (message) => opening.getStore()?.((message as { socket: Socket }).socket));
  }
  const sockets: Socket[] = [];
  const destroyAll = () => {
    for (const socket of sockets.splice(0)) socket.destroy();
  };
  const opened = (socket: Socket) => {
    sockets.push(socket);
    // The attempt goes on with the next host. In this turn, the socket is not connected yet.
    if (signal.aborted) process.nextTick(destroyAll);
  };
  const stopListening = onAbort(signal, destroyAll);
  try {
    return await opening.run(opened, attempt);
  } catch (error) {
    destroyAll();
    throw error;
  } finally {
    stopListening();
  }
}
