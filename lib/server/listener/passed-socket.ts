import { fstatSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { invalidOption } from '../../options.js';
import type { Listener, ListenerEvents } from './listener.js';

/**
 * A socket that another program, such as systemd, listens on and has passed to this process. Its file belongs to that
 * program: it is not created, checked, changed or deleted here.
 */
export class PassedSocket implements Listener {
  readonly name: string;
  /** It belongs to the other program. */
  readonly hasFile = true;
  readonly #server: Server;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
  }

  /** @throws ERR_INVALID_OPTION if the descriptor is not a listening Unix stream socket. */
  static async open(fd: number, { connection, error }: ListenerEvents): Promise<PassedSocket> {
    const bound = boundSocket(fd);
    if (bound?.isListening === false) throw unusable(fd, 'a socket that does not listen');
    const server = createServer(connection);
    await new Promise<void>((resolve, reject) => {
      const refuse = ({ code }: NodeJS.ErrnoException) => reject(unusable(fd, `unusable (${code})`));
      server.once('error', refuse).listen({ fd, exclusive: true }, () => {
        server.off('error', refuse);
        resolve();
      });
    });
    if (server.address() !== null && typeof server.address() === 'object') {
      server.close();
      throw unusable(fd, 'a TCP socket');
    }
    server.on('error', error);
    return new PassedSocket(bound?.path ?? `descriptor ${fd}`, server);
  }

  /** Who has connected and was not accepted yet waits in the system for the next process that gets the socket. */
  async close(): Promise<void> {
    this.#server.close();
  }
}

/** What Linux knows about a Unix socket. Undefined if it tells nothing, as about one of another network namespace. */
export function boundSocket(fd: number): { path: string; isListening: boolean } | undefined {
  let inode: number;
  try {
    const stats = fstatSync(fd);
    if (!stats.isSocket()) throw unusable(fd, 'something that is not a socket');
    inode = stats.ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') throw unusable(fd, 'nothing');
    throw error;
  }
  // Num RefCount Protocol Flags Type St Inode Path
  const line = unixSockets().find((fields) => fields[6] === String(inode));
  const [, , , flags = '', , , , ...path] = line ?? [];
  return line && { path: path.join(' '), isListening: (Number.parseInt(flags, 16) & 0x10000) !== 0 };
}

function unixSockets(): string[][] {
  try {
    return readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .map((line) => line.split(/ +/));
  } catch {
    return [];
  }
}

function unusable(fd: number, what: string) {
  return invalidOption('socketFd', fd, `the descriptor of a listening Unix stream socket, but it is ${what}`);
}
