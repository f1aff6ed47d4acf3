import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { BoundaryLogError } from '../../errors.js';
import { messageOf, token } from '../../printable.js';
import { nextTurn, realSleep } from '../../real-time.js';
import type { Listener, ListenerEvents, SocketFault } from './listener.js';
import { lookAt } from './look.js';
import {
  type Access,
  closeServer,
  findFile,
  hasSocket,
  listenAt,
  removeFile,
  type SocketFile,
} from './socket-file.js';
import { withStartLock } from './start-lock.js';

/**
 * How often the file is looked at, in ms. One lstat() in two seconds costs nothing that can be measured. A watch of the
 * system would end with the folder, needs one of the few inotify instances of a user, and does not see other hosts.
 */
const LOOK_MS = 2000;
/** How often a server that has taken over the path is asked whether it still listens, in ms. */
const PROBE_MS = 30_000;

const MAX_ATTEMPTS = 10;
/** A file this young may belong to a server that will listen in a moment. In ms. */
const YOUNG_MS = 50;

export interface UnixListenerOptions {
  readonly path: string;
  readonly access: Access;
  /** The id of a live server's file that may be replaced. */
  readonly displaced?: string | undefined;
  /** Default: {@link LOOK_MS}. */
  readonly lookMs?: number;
  /** Default: {@link PROBE_MS}. */
  readonly probeMs?: number;
}

/** A server, and its file. */
interface Placed {
  readonly server: Server;
  readonly file: SocketFile;
}

/**
 * A listening Unix socket with a file. It replaces the file of a server that has died. If the file is deleted later, the
 * listener makes it again: a second server listens, while the first one serves everybody who has connected to it. If
 * another server takes the path over, or somebody changes the file, the listener only says so.
 */
export class UnixListener implements Listener {
  readonly path: string;
  readonly #access: Access;
  readonly #lookMs: number;
  readonly #probeMs: number;
  readonly #events: ListenerEvents;
  readonly #accepted = new WeakMap<Server, number>();
  #now: Placed;
  #fault: SocketFault | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isReleased = false;
  /** The other server's file at the path, and when that server answered. */
  #other: { id: string; answeredAt: number } | undefined;

  private constructor(options: UnixListenerOptions, events: ListenerEvents, placed: Placed) {
    const { path, access, lookMs = LOOK_MS, probeMs = PROBE_MS } = options;
    this.path = path;
    this.#lookMs = lookMs;
    this.#probeMs = probeMs;
    this.#access = access;
    this.#events = events;
    this.#now = placed;
    this.#attach(placed.server);
    this.#lookLater();
  }

  /**
   * Call it with the start lock of the path.
   *
   * @throws ERR_SOCKET_IN_USE, ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED
   */
  static async open(options: UnixListenerOptions, events: ListenerEvents): Promise<UnixListener> {
    const { path, access, displaced } = options;
    try {
      return new UnixListener(options, events, await place(path, access, displaced));
    } catch (cause) {
      if (cause instanceof BoundaryLogError) throw cause;
      const message = `cannot listen on ${token(path)}: ${reason(cause as NodeJS.ErrnoException, path)}`;
      throw new BoundaryLogError('ERR_LISTEN_FAILED', message, { cause });
    }
  }

  get name(): string {
    return this.path;
  }

  /** What is wrong with its file, as far as the last look showed. */
  get fault(): SocketFault | undefined {
    return this.#fault;
  }

  get hasFile(): boolean {
    return this.#fault !== 'taken' && hasSocket(this.path);
  }

  /** The id of its file. */
  get id(): string {
    return this.#now.file.id;
  }

  /** Looks at the file no more: the path belongs to another server from now on. */
  release(): void {
    this.#isReleased = true;
    clearTimeout(this.#timer);
  }

  /** Removes the file, unless another server's is there, and then stops listening. */
  async close(): Promise<void> {
    this.release();
    await this.#looking;
    removeFile(this.path, this.id);
    await this.#retire(this.#now.server);
  }

  #attach(server: Server): void {
    server.on('connection', (socket) => {
      this.#accepted.set(server, (this.#accepted.get(server) ?? 0) + 1);
      this.#events.connection(socket);
    });
    server.on('error', (error) => this.#events.error(error));
  }

  /** Accepts everybody who connected while there was a file. Each turn of the event loop accepts some of them. */
  async #retire(server: Server): Promise<void> {
    let before: number | undefined;
    do {
      before = this.#accepted.get(server);
      await nextTurn();
      await nextTurn();
    } while (this.#accepted.get(server) !== before);
    closeServer(server, this.path);
  }

  #lookLater(): void {
    if (this.#isReleased) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.#lookLater());
    }, this.#lookMs).unref();
  }

  /** Compares the file with the one that was made, and makes it again if it is gone. */
  async #look(): Promise<void> {
    let found: SocketFile | undefined;
    try {
      found = await findFile(this.path);
    } catch (error) {
      return this.#tell('hidden', error);
    }
    if (this.#isReleased) return;
    const { file } = this.#now;
    if (found?.id === file.id) {
      const isUnchanged = found.mode === file.mode && found.uid === file.uid && found.gid === file.gid;
      return this.#tell(isUnchanged ? undefined : 'changed');
    }
    const isKnown = found !== undefined && found.id === this.#other?.id;
    if (isKnown && performance.now() - (this.#other?.answeredAt ?? 0) < this.#probeMs) return;
    try {
      await withStartLock(this.path, () => this.#restore());
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const isTaken = code === 'ERR_SOCKET_IN_USE' || code === 'ERR_NOT_A_SOCKET';
      if (isTaken && found) this.#other = { id: found.id, answeredAt: performance.now() };
      this.#tell(isTaken ? 'taken' : 'missing', error);
    }
  }

  /** Replaces the file of a dead server, too. */
  async #restore(): Promise<void> {
    if (this.#isReleased) return;
    // A proxy that closes moves the file away for a moment.
    if ((await findFile(this.path))?.id === this.id) return this.#tell(undefined);
    const placed = await place(this.path, this.#access);
    const { server: former } = this.#now;
    this.#now = placed;
    this.#attach(placed.server);
    await this.#retire(former);
    this.#tell(this.#fault ?? 'missing');
    this.#tell(undefined);
  }

  #tell(fault: SocketFault | undefined, error?: unknown): void {
    if (fault !== 'taken') this.#other = undefined;
    if (fault === this.#fault) return;
    this.#fault = fault;
    this.#events.fault(this.path, fault, error);
  }
}

/** @param displaced The id of a live server's file that may be replaced. */
async function place(path: string, access: Access, displaced?: string): Promise<Placed> {
  for (let attempt = 1; ; attempt++) {
    // If the folder does not exist, Node's bind() says that it may not write to it.
    statSync(dirname(path));
    const found = await lookAt(path);
    if (found?.isLive === true && found.id !== displaced) {
      const message = `another server answers on ${token(path)}: stop it, or choose another path`;
      throw new BoundaryLogError('ERR_SOCKET_IN_USE', message);
    }
    const age = Date.now() - (found?.bornAt ?? 0);
    if (found?.isLive === false && attempt === 1 && age >= 0 && age < YOUNG_MS) {
      await realSleep(YOUNG_MS);
      continue;
    }
    const server = createServer();
    try {
      return { server, file: await listenAt(server, path, access, found?.id) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Meanwhile another server has created or replaced the file, so look again.
      if (code !== 'EADDRINUSE' || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

function reason(error: NodeJS.ErrnoException, path: string): string {
  const { code, syscall } = error;
  const folder = token(dirname(path));
  switch (code) {
    case 'ENOENT':
      return `the folder ${folder} does not exist: create it, or choose another path`;
    case 'ENOTDIR':
      return `${folder} is not a folder: choose another path`;
    case 'EPERM':
      if (syscall === 'lchown')
        return 'no permission to give it to the group of the socket: the user has to be a member of that group';
      return `the file belongs to another user: remove it as that user, or choose another path`;
    case 'EACCES':
      return `no permission to create files in ${folder}: choose another path`;
    case 'EROFS':
      return `the file system of ${folder} is read-only: choose another path`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `there is no space for another file in ${folder}: free some, or choose another path`;
    default:
      return messageOf(error);
  }
}
