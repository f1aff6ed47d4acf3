import { encodeRawLogs, type LogBatch, type Tag } from '../../codec/index.js';
import { onAbort } from '../abort.js';
import { BoundaryLogError } from '../errors.js';
import type { Reporter, ReportOptions } from '../forwarding/reporter.js';
import { invalidOption, milliseconds, type OptionTable, orInfinity, resolveOptions } from '../options.js';
import { ReconnectingSocket } from '../sender/reconnecting-socket.js';
import { SOCKET_PATH } from '../socket-path.js';

/** Options of {@link SocketReporter}. */
export interface SocketReporterOptions {
  /** Path of the Unix socket of the receiver. */
  path?: string | undefined;
  /**
   * How long a write may wait for the receiver to read, in ms, before the connection is closed. `Infinity` turns it off.
   * Default: `30000`.
   */
  timeoutMs?: number | undefined;
}

export const SOCKET_REPORTER_OPTIONS = {
  path: { ...SOCKET_PATH, doc: 'Path of the Unix socket of the receiver' },
  timeoutMs: {
    ...orInfinity(milliseconds({ min: 1 })),
    default: 30_000,
    doc: 'How long a write may wait for the receiver to read, in ms, before the connection is closed',
  },
} satisfies OptionTable<SocketReporterOptions>;

/**
 * Forwards each batch as a frame, with the tag with which it was received, to a Unix socket: to another proxy, or to
 * Coder's workspace agent. It connects at the first batch, and again after the connection was lost. Give `runForwarder()`
 * the option `retry`, so that the proxy reports the batch again. Status reports are not forwarded.
 *
 * The protocol has no acknowledgements. A batch counts as delivered when the operating system has accepted the whole
 * frame. If the receiver ends before it has read the frame, the batch is lost. A frame that was accepted in part is written
 * again, from its beginning, on a new connection.
 */
export class SocketReporter implements Reporter<LogBatch> {
  /** The path of the socket. A proxy refuses a reporter that writes to the proxy's own socket. */
  readonly socketPath: string;
  readonly #timeoutMs: number;
  #socket: ReconnectingSocket;
  /** Settles when the newest report is over. */
  #busy: Promise<void> | undefined;
  #isClosed = false;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: SocketReporterOptions & { path: string }) {
    const { path, timeoutMs } = resolveOptions<SocketReporterOptions, typeof SOCKET_REPORTER_OPTIONS>(
      'SocketReporter',
      options,
      SOCKET_REPORTER_OPTIONS,
    );
    if (path === undefined) throw invalidOption('SocketReporter: path', path, SOCKET_PATH.expected);
    this.socketPath = path;
    this.#timeoutMs = timeoutMs;
    this.#socket = this.#newSocket();
  }

  /**
   * @throws ERR_CONNECT_FAILED, ERR_CONNECTION_LOST, ERR_WRITE_TIMEOUT, and ERR_CLOSED after `close()`.
   * @throws ERR_MESSAGE_TOO_LARGE, ERR_INVALID_EVENT for a batch that does not fit into a frame; they are permanent.
   */
  report(batch: LogBatch, { signal }: ReportOptions): Promise<void> | undefined {
    const before = this.#busy;
    const report =
      before === undefined ? this.#write(batch, signal) : before.then(() => this.#write(batch, signal));
    if (report === undefined) return undefined;
    const busy = report
      .catch(() => undefined)
      .then(() => {
        if (this.#busy === busy) this.#busy = undefined;
      });
    this.#busy = busy;
    return report;
  }

  /** Closes the connection after all written frames were sent. Reports fail from then on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#socket.end();
    this.#socket.destroy();
  }

  #newSocket(): ReconnectingSocket {
    return new ReconnectingSocket({
      path: this.socketPath,
      writeTimeoutMs: this.#timeoutMs,
      onConnect: () => undefined,
    });
  }

  #write(batch: LogBatch, signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted();
    if (this.#isClosed)
      throw new BoundaryLogError('ERR_CLOSED', 'this reporter was closed: create a new one');
    const socket = this.#socket;
    const written = socket.write(frameOf(batch));
    if (written === undefined) return undefined;
    // The batch may be reported again, so a frame that was written in part must not be completed.
    const stopListening = onAbort(signal, () => {
      socket.destroy();
      if (this.#socket === socket) this.#socket = this.#newSocket();
    });
    return written
      .catch((error) => {
        throw failure(this.socketPath, error);
      })
      .finally(stopListening);
  }
}

function frameOf({ raw, tag }: LogBatch): Buffer {
  try {
    return encodeRawLogs(raw, tag as Tag);
  } catch (error) {
    throw Object.assign(error as BoundaryLogError, { permanent: true });
  }
}

/** Converts an error of a connection to one of this package. */
function failure(path: string, error: NodeJS.ErrnoException): Error {
  if (error instanceof BoundaryLogError && error.code !== 'ERR_CLOSED') return error;
  return error.syscall === 'connect'
    ? new BoundaryLogError(
        'ERR_CONNECT_FAILED',
        `nothing accepts connections on ${path}: start the receiver`,
        {
          cause: error,
        },
      )
    : new BoundaryLogError(
        'ERR_CONNECTION_LOST',
        `the connection to ${path} ended before a frame was written`,
        {
          cause: error,
        },
      );
}
