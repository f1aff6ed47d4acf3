import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { realSleep } from '../../real-time.js';

const RETRY_MS = 5;
/**
 * After this time the work begins without the lock. A program that holds it for ever must not prevent a start, and a
 * deleted file is made again within 5 s.
 */
const DEADLINE_MS = 2000;

/**
 * Runs `work` while no other process works on the same path.
 *
 * A file of a dead server is found by a connection, and removed later. Without a lock, a process could remove the file
 * that another one has made in between. The lock is a Unix socket without a file (Linux calls its namespace _abstract_),
 * so it ends with the process and leaves nothing behind. Where there is none, as on macOS, only this moment is unprotected.
 */
export async function withStartLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const name = process.platform === 'linux' ? nameFor(path) : undefined;
  const lock = name === undefined ? undefined : await acquire(name);
  try {
    return await work();
  } finally {
    lock?.close();
  }
}

/** The same for each spelling of a path, as through a link to its folder. Undefined if there is no usable folder. */
function nameFor(path: string): string | undefined {
  let name: string;
  try {
    const folder = statSync(dirname(path), { bigint: true });
    name = `${folder.dev}:${folder.ino}:${basename(path)}`;
  } catch {
    return undefined;
  }
  return `\0boundary-log-proxy-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

async function acquire(name: string): Promise<Server | undefined> {
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    const server = createServer((socket) => socket.destroy());
    const code = await new Promise<string | undefined>((resolve) => {
      server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'));
      server.listen({ path: name, exclusive: true }, () => resolve(undefined));
    });
    if (code === undefined) return server.on('error', () => undefined);
    if (code !== 'EADDRINUSE') return undefined;
    await realSleep(RETRY_MS * (1 + Math.random()));
  }
  return undefined;
}
