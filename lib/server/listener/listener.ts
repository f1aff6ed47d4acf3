import type { Socket } from 'node:net';

/** What is wrong with the file of a socket that a server listens on. */
export type SocketFault =
  /** The file or its folder was deleted. It is made again as soon as that is possible. */
  | 'missing'
  /** Its owner, group or permissions are not those that it was made with. */
  | 'changed'
  /** Another server, or another kind of file, is at its path. */
  | 'taken'
  /** Its folder cannot be looked into. */
  | 'hidden';

/** What a listener tells about. */
export interface ListenerEvents {
  connection(socket: Socket): void;
  /** A connection could not be accepted. The server continues to listen. */
  error(error: Error): void;
  /** A fault began, or, without one, has ended. */
  fault(path: string, fault: SocketFault | undefined, error?: unknown): void;
}

/** A Unix socket on which a proxy accepts connections. */
export interface Listener {
  /** Where it listens, for a person. */
  readonly name: string;
  /** Whether senders can find it. */
  readonly hasFile: boolean;
  /** Stops listening. Connections that were accepted stay open. */
  close(): Promise<void>;
  /** The proxy has released everything else, too. A proxy that has taken over waits for that. */
  finish?(): void;
}
