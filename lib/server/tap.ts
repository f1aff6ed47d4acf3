import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import { Recording, type RecordOptions } from '../capture/recording.js';
import type { Logger } from '../logger.js';
import { invalidOption } from '../options.js';
import { Episode } from '../telemetry/episode.js';
import { Warnings } from '../telemetry/warnings.js';
import { descriptorBudget, isOutOfDescriptors, SpareDescriptor } from './descriptors.js';
import { type Activity, Drain } from './drain.js';
import type { Listener } from './listener/listener.js';
import { openListener } from './listener/open-listener.js';
import { SocketFaults } from './listener/socket-faults.js';
import { Relay } from './relay.js';

export interface TapOptions {
  /** Where senders connect. */
  readonly listen: string;
  readonly socketMode: number;
  readonly socketGroup: string | number | undefined;
  readonly replace: boolean;
  /** Another one has taken over. */
  readonly onReplace: () => void;
  /** The socket of the receiver. */
  readonly to: string;
  /** How long to wait for a receiver that cannot be connected to, in ms. */
  readonly waitMs: number;
  readonly maxConnections: number;
  readonly record: RecordOptions;
  readonly logger: Logger;
}

const UNREACHABLE = {
  started: 'the receiver cannot be connected to: closing connections of senders',
  continues: 'the receiver still cannot be connected to',
  ended: 'the receiver can be connected to again',
};

/** Stands in front of a receiver's socket, records what senders write, and passes everything on as it is. */
export class Tap {
  readonly #options: TapOptions;
  readonly #recording: Recording;
  readonly #warnings: Warnings;
  readonly #faults: SocketFaults;
  readonly #unreachable: Episode;
  readonly #spare: SpareDescriptor;
  readonly #open = new Set<Relay>();
  readonly #account = { connections: 0, refused: 0, unreachable: 0, bytes: 0, unsent: 0, bytesBack: 0 };
  #max = 0;
  #listener: Listener | undefined;

  /** @throws ERR_INVALID_OPTION */
  constructor(options: TapOptions) {
    const { listen, to, logger } = options;
    if (resolve(listen) === resolve(to)) throw sameSocket(to);
    this.#options = options;
    this.#recording = new Recording(options.record, logger);
    this.#warnings = new Warnings(logger);
    this.#faults = new SocketFaults(logger);
    this.#unreachable = new Episode(logger, UNREACHABLE, { socketPath: to });
    this.#spare = new SpareDescriptor((error) => this.#warnings.notAccepted(error));
  }

  /**
   * @throws ERR_SOCKET_IN_USE, ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED, ERR_RECORD_FAILED
   * @throws ERR_INVALID_OPTION if both sockets are the same, or the group does not exist.
   */
  async start(): Promise<void> {
    const { listen, to, maxConnections, logger } = this.#options;
    // Each connection has two ends.
    this.#max = Math.max(1, Math.floor(descriptorBudget(2 * maxConnections).connections / 2));
    if (this.#max < maxConnections) {
      const fields = { maxConnections, max: this.#max };
      logger.info(fields, 'the limit of open files allows fewer connections: raise it for more');
    }
    this.#recording.open();
    try {
      this.#listener = await openListener(
        { ...this.#options, socketPath: listen, socketFd: undefined, spool: undefined },
        undefined,
        {
          connection: (socket) => this.#add(socket),
          error: (error) => this.#notAccepted(error),
          fault: (path, fault, error) => this.#faults.tell(path, fault, error),
        },
      );
      this.#spare.check();
      if (isSameFile(listen, to)) throw sameSocket(to);
    } catch (error) {
      await this.#listener?.close();
      await this.#listener?.finish?.();
      this.#spare.release();
      this.#recording.discard();
      throw error;
    }
  }

  /**
   * Stops listening, passes on what connected senders have already written, closes all connections, and ends the capture.
   *
   * @returns whether the capture is complete.
   */
  async close(drainMs: number): Promise<boolean> {
    await this.#listener?.close();
    const relays = this.#open;
    const senders: Activity = {
      waiting: 0,
      get bytesRead() {
        return [...relays].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
      },
    };
    await new Drain().run(() => [...relays].some(({ hasLeft }) => hasLeft), senders, drainMs);
    this.#spare.release();
    const open = [...this.#open];
    for (const relay of open) relay.close();
    await Promise.all(open.map(({ done }) => done));
    const isComplete = this.#recording.close();
    await this.#listener?.finish?.();
    this.#unreachable.end();
    this.#warnings.end();
    const { logger } = this.#options;
    // What the receiver did not accept is lost, as it is without a tap.
    if (this.#account.unsent + this.#account.unreachable > 0) logger.warn(this.#account, 'closed');
    else logger.info(this.#account, 'closed');
    return isComplete;
  }

  #add(socket: Socket): void {
    socket.on('error', (err) => this.#options.logger.debug({ err }, 'connection failed'));
    if (this.#open.size >= this.#max) this.#refuse(socket, 'max_connections');
    else if (!this.#spare.check()) this.#refuse(socket, 'descriptors');
    else this.#relay(socket);
  }

  #relay(socket: Socket): void {
    this.#account.connections += 1;
    const { to, waitMs } = this.#options;
    const relay = new Relay(socket, {
      to,
      waitMs,
      record: this.#recording.connection(),
      unreachable: (err) => {
        this.#account.unreachable += 1;
        this.#unreachable.happened({ connections: 1 }, { err });
      },
    });
    this.#open.add(relay);
    relay.done.then(() => {
      this.#open.delete(relay);
      this.#account.bytes += relay.bytes;
      this.#account.unsent += relay.unsent;
      this.#account.bytesBack += relay.bytesBack;
    });
  }

  #refuse(socket: Socket, reason: string): void {
    socket.destroy();
    this.#account.refused += 1;
    this.#warnings.refused(reason, this.#max);
  }

  #notAccepted(error: Error): void {
    if (isOutOfDescriptors(error)) this.#spare.release();
    this.#warnings.notAccepted(error);
  }
}

function sameSocket(to: string): Error {
  return invalidOption('--to', to, 'another socket than that of --listen');
}

/** Whether two paths lead to the same socket. */
function isSameFile(listen: string, to: string): boolean {
  const [a, b] = [listen, to].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
