import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Logger } from '../../logger.js';
import { invalidOption } from '../../options.js';
import { MAX_SOCKET_PATH_LENGTH } from '../../socket-path.js';
import { controlPath, HandOver, hasControlPath, Predecessor } from './hand-over.js';
import type { Listener, ListenerEvents } from './listener.js';
import { PassedSocket } from './passed-socket.js';
import { groupNumber } from './socket-group.js';
import { withStartLock } from './start-lock.js';
import { UnixListener } from './unix-listener.js';

/** How a proxy listens. The options of the proxy explain the properties. */
export interface ListenOptions {
  readonly socketPath: string;
  readonly socketMode: number;
  readonly socketGroup: string | number | undefined;
  readonly socketFd: number | undefined;
  readonly replace: boolean;
  readonly onReplace: (() => void) | undefined;
  readonly spool: { readonly folder: string } | undefined;
  readonly logger: Logger;
}

/** The spool of a proxy, as far as listening depends on it. */
export interface Lockable {
  /** @param isHandedOver Whether the proxy that uses the folder is about to release it. */
  lock(isHandedOver?: () => boolean): Promise<void>;
}

/**
 * Starts to listen. If another proxy uses the spool, no sender may connect to this one, unless it takes over from that
 * proxy.
 *
 * @throws ERR_SOCKET_IN_USE, ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED, ERR_INVALID_OPTION
 * @throws ERR_SPOOL_IN_USE, ERR_SPOOL_FAILED
 */
export async function openListener(
  options: ListenOptions,
  spool: Lockable | undefined,
  events: ListenerEvents,
): Promise<Listener> {
  const { socketFd, logger } = options;
  if (socketFd === undefined) return openFile(options, spool, events);
  await spool?.lock();
  const listener = await PassedSocket.open(socketFd, events);
  logger.info(
    { socketPath: listener.name, socketFd },
    'listening on a socket that was passed to this process',
  );
  return listener;
}

async function openFile(
  options: ListenOptions,
  spool: Lockable | undefined,
  events: ListenerEvents,
): Promise<Listener> {
  const { socketPath, socketMode, socketGroup, replace, logger } = options;
  // If the working directory changes, this is still the same file.
  const absolute = resolve(socketPath);
  const path = Buffer.byteLength(absolute) <= MAX_SOCKET_PATH_LENGTH ? absolute : socketPath;
  const gid = socketGroup === undefined ? undefined : groupNumber(socketGroup);
  return await new Promise((done, fail) => {
    withStartLock(path, async () => {
      const [listener, handOver] = await open();
      // The spool can be opened while the control socket is made.
      done(new Replaceable(listener, handOver));
      await handOver;
    }).catch(fail);
  });

  async function open(): Promise<[UnixListener, Promise<HandOver | undefined>]> {
    const previous = replace ? await findPredecessor(path) : undefined;
    let listener: UnixListener;
    try {
      await spool?.lock(() => previous !== undefined && previous.greeting.spool === idOf(options.spool));
      const displaced = previous?.greeting.file;
      listener = await UnixListener.open({ path, access: { mode: socketMode, gid }, displaced }, events);
    } catch (error) {
      previous?.abandon();
      throw error;
    }
    logger.info({ socketPath }, 'listening');
    warnAboutFolder(path, logger);
    if (previous !== undefined) follow(previous, logger);
    return [listener, openHandOver(listener, options, previous)];
  }
}

async function findPredecessor(path: string): Promise<Predecessor | undefined> {
  if (hasControlPath(path)) return Predecessor.find(path);
  const longest = MAX_SOCKET_PATH_LENGTH - Buffer.byteLength(controlPath(''));
  throw invalidOption('replace', true, `a path of the socket of at most ${longest} bytes with it`);
}

/** The same for each spelling of its path. */
function idOf(spool: ListenOptions['spool']): string | undefined {
  if (spool === undefined) return undefined;
  const stats = statSync(spool.folder, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

function follow(previous: Predecessor, logger: Logger): void {
  const { pid } = previous.greeting;
  previous.replaced();
  logger.info({ pid }, 'took over from another proxy, which drains now');
  previous.ended.then(() => logger.info({ pid }, 'the other proxy has released everything'));
}

/** A proxy that cannot be replaced works as well as any other. */
async function openHandOver(
  listener: UnixListener,
  { onReplace, spool, logger }: ListenOptions,
  previous: Predecessor | undefined,
): Promise<HandOver | undefined> {
  if (onReplace === undefined) return undefined;
  const without = 'another proxy will not be able to take over from this one';
  if (!hasControlPath(listener.path)) {
    logger.info({ socketPath: listener.path }, `the path of the socket is long: ${without}`);
    return undefined;
  }
  try {
    return await HandOver.open(listener, idOf(spool), previous?.control, () => {
      try {
        onReplace();
      } catch (err) {
        logger.error({ err }, 'another proxy has taken over, but onReplace() failed: close this proxy');
      }
    });
  } catch (err) {
    logger.warn({ err }, `the control socket cannot be made: ${without}`);
    return undefined;
  }
}

/** In such a folder, anybody can delete the socket and listen in its place. */
function warnAboutFolder(path: string, logger: Logger): void {
  const folder = dirname(path);
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o002) === 0 || (mode & 0o1000) !== 0) return;
  logger.warn(
    { folder, mode: (mode & 0o7777).toString(8) },
    `every user can replace the socket in its folder: chmod +t '${folder}', or choose another folder`,
  );
}

/** A listener that another proxy may be able to take over from. */
class Replaceable implements Listener {
  readonly name: string;
  readonly #listener: UnixListener;
  readonly #handOver: Promise<HandOver | undefined>;

  constructor(listener: UnixListener, handOver: Promise<HandOver | undefined>) {
    this.name = listener.name;
    this.#listener = listener;
    this.#handOver = handOver;
  }

  get hasFile(): boolean {
    return this.#listener.hasFile;
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener.close(), this.#handOver.then((handOver) => handOver?.close())]);
  }

  async finish(): Promise<void> {
    (await this.#handOver)?.finish();
  }
}
