import { connect, type Socket } from 'node:net';
import { BoundaryLogError } from '../../errors.js';
import { token } from '../../printable.js';
import { MAX_SOCKET_PATH_LENGTH } from '../../socket-path.js';
import { lookAt } from './look.js';
import { fileAt } from './socket-file.js';
import { UnixListener } from './unix-listener.js';

/**
 * How a proxy takes over from another one that runs:
 *
 * 1. Each proxy that can be replaced listens on a second socket beside its own, `<path>.control`. Only the same user and
 *    root can connect to it.
 * 2. The new proxy connects. The old one says who it is: a line of JSON, the {@link Greeting}.
 * 3. The new proxy listens on the path, in place of the old file, and says `replaced`. Until then nothing has changed
 *    for the old proxy: if the new one fails or dies, its connection ends, and that is all.
 * 4. The old proxy drains and closes. When it has released everything, it closes the connection.
 */
export interface Greeting {
  readonly service: 'boundary-log-proxy';
  readonly pid: number;
  /** The id of the file that the old proxy listens on. */
  readonly file: string;
  /** The id of its spool's folder. */
  readonly spool?: string | undefined;
}

const REPLACED = 'replaced\n';
const MAX_GREETING_LENGTH = 4096;
/** How long an answer may take, in ms. A proxy that does not answer is not replaced. */
const ANSWER_MS = 5000;

export function controlPath(path: string): string {
  return `${path}.control`;
}

/** Whether a control socket can have a file beside this path. */
export function hasControlPath(path: string): boolean {
  return Buffer.byteLength(controlPath(path)) <= MAX_SOCKET_PATH_LENGTH;
}

/** The side of the old proxy: a socket through which another proxy says that it has taken over. */
export class HandOver {
  readonly #listener: UnixListener;
  readonly #sockets: Set<Socket>;

  private constructor(listener: UnixListener, sockets: Set<Socket>) {
    this.#listener = listener;
    this.#sockets = sockets;
  }

  /**
   * @param displaced The id of the control socket of the proxy that this one replaces.
   * @param onReplaced Called once, when another proxy has replaced the file of `data`.
   * @throws as `UnixListener.open()` does.
   */
  static async open(
    data: UnixListener,
    spool: string | undefined,
    displaced: string | undefined,
    onReplaced: () => void,
  ): Promise<HandOver> {
    const sockets = new Set<Socket>();
    let isReplaced = false;
    const connection = (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      const greeting: Greeting = { service: 'boundary-log-proxy', pid: process.pid, file: data.id, spool };
      socket.write(`${JSON.stringify(greeting)}\n`);
      let said = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.length > REPLACED.length) socket.destroy();
        if (said !== REPLACED || isReplaced) return;
        // Only a program that could replace the file is believed.
        if (fileAt(data.path)?.id === data.id) return void socket.destroy();
        isReplaced = true;
        data.release();
        listener.release();
        onReplaced();
      });
    };
    const listener = await UnixListener.open(
      { path: controlPath(data.path), access: { mode: 0o600 }, displaced },
      // If it cannot be used, the proxy that wants to take over says so.
      { connection, error: () => undefined, fault: () => undefined },
    );
    return new HandOver(listener, sockets);
  }

  /** Lets no other proxy begin to take over. */
  close(): Promise<void> {
    return this.#listener.close();
  }

  /** Tells a proxy that has taken over that everything is released. */
  finish(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The side of the new proxy: the proxy that it takes over from. */
export class Predecessor {
  readonly greeting: Greeting;
  /** The id of its control socket. */
  readonly control: string | undefined;
  /** Resolves when it has released everything, or has ended. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;

  private constructor(greeting: Greeting, control: string | undefined, socket: Socket) {
    this.greeting = greeting;
    this.control = control;
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      socket.resume().once('close', resolve);
      if (socket.destroyed) resolve();
    });
  }

  /**
   * Finds the proxy that listens on a path.
   *
   * @returns undefined if nobody does.
   * @throws ERR_SOCKET_IN_USE if a server listens there that cannot be replaced.
   */
  static async find(path: string): Promise<Predecessor | undefined> {
    const at = controlPath(path);
    const control = fileAt(at)?.id;
    const found = await lookAt(path);
    const answer = await greetingOf(at);
    const refuse = (why: string) => {
      if (answer.socket !== undefined) answer.socket.destroy();
      return new BoundaryLogError('ERR_SOCKET_IN_USE', `cannot take over ${token(path)}: ${why}`);
    };
    if (answer.socket === undefined) {
      const isLive = found?.isLive === true || answer.code === 'EACCES' || answer.code === 'ETIMEDOUT';
      if (!isLive) return undefined;
      throw refuse(WHY[answer.code] ?? (WHY.other as string));
    }
    if (found?.isLive && found.id !== answer.greeting.file)
      throw refuse('the server that answers there is not the proxy that was started there');
    return new Predecessor(answer.greeting, control, answer.socket);
  }

  /** Says that this process has taken over. From here on the other one drains and ends. */
  replaced(): void {
    this.#socket.write(REPLACED);
    this.#socket.unref();
  }

  /** Leaves it alone. */
  abandon(): void {
    this.#socket.destroy();
  }
}

const WHY: Record<string, string> = {
  EACCES: 'the proxy there belongs to another user: start this one as that user or as root',
  ETIMEDOUT: `the proxy there does not answer within ${ANSWER_MS / 1000} s: stop it first`,
  other: 'the server there is not a proxy that can be replaced: stop it first, or choose another path',
};

type Answer =
  | { readonly socket: Socket; readonly greeting: Greeting }
  | { readonly socket: undefined; readonly code: string };

/** Connects to a control socket and reads its greeting. */
function greetingOf(path: string): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let said = '';
    const fail = (code: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ socket: undefined, code });
    };
    const timer = setTimeout(fail, ANSWER_MS, 'ETIMEDOUT');
    socket.on('error', ({ code }: NodeJS.ErrnoException) => fail(code ?? 'other'));
    socket.on('close', () => fail('other'));
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.length > MAX_GREETING_LENGTH) return fail('other');
      if (!said.endsWith('\n')) return;
      const greeting = parse(said);
      if (greeting === undefined) return fail('other');
      clearTimeout(timer);
      resolve({ socket, greeting });
    });
  });
}

function parse(line: string): Greeting | undefined {
  try {
    const greeting = JSON.parse(line) as Greeting;
    return greeting.service === 'boundary-log-proxy' ? greeting : undefined;
  } catch {
    return undefined;
  }
}
