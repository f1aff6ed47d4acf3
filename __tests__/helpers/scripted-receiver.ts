import { once } from 'node:events';
import { renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import {
  boundaryProtocol,
  decodeFrame,
  type Frame,
  FrameDecoder,
  type FrameFault,
  type LogBatch,
  type Outcome,
  type StatusReport,
} from '../../codec/index.js';

/** One connection, and what was read from it. */
export interface ScriptedConnection {
  readonly socket: Socket;
  readonly outcomes: Outcome[];
  /** Whether the sender's end was read, so that nothing that it wrote is unread. */
  isComplete: boolean;
}

/** A receiver that appears, stalls, disappears and closes connections when it is told to. */
export class ScriptedReceiver {
  readonly path: string;
  readonly connections: ScriptedConnection[] = [];
  #server: Server | undefined;
  #isStalled = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Whether senders can connect. */
  get isListening(): boolean {
    return this.#server !== undefined;
  }

  /** The batches that were read, from all connections. */
  get batches(): LogBatch[] {
    return this.#outcomes.filter((outcome): outcome is LogBatch => outcome.kind === 'logs');
  }

  /** The status reports that were read, from all connections. */
  get reports(): StatusReport[] {
    return this.#outcomes.filter((outcome): outcome is StatusReport => outcome.kind === 'status');
  }

  get #outcomes(): Outcome[] {
    return this.connections.flatMap(({ outcomes }) => outcomes);
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    // Node removes the file of the path that it listened on. After a rename, the file of a closed server stays.
    server.listen(`${this.path}~`);
    await once(server, 'listening');
    renameSync(`${this.path}~`, this.path);
  }

  /** Does not listen any more. Open connections stay. The file stays, too, so that connections are refused. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Does not listen any more, and the file is gone. Open connections stay. */
  disappear(): void {
    this.refuse();
    rmSync(this.path, { force: true });
  }

  /** Stops reading. */
  stall(): void {
    this.#isStalled = true;
    for (const { socket } of this.connections) socket.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#isStalled = false;
    for (const { socket } of this.connections) socket.resume();
  }

  /** Closes all connections, wherever in a frame they are. What was not read is lost. */
  cut(): void {
    for (const { socket } of this.connections) socket.destroy();
  }

  close(): void {
    this.disappear();
    this.cut();
  }

  #accept(socket: Socket): void {
    const connection: ScriptedConnection = { socket, outcomes: [], isComplete: false };
    this.connections.push(connection);
    const decoder = new FrameDecoder();
    const add = (item: Frame | FrameFault) => {
      connection.outcomes.push(decodeFrame(boundaryProtocol, item));
    };
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => decoder.decode(chunk).forEach(add));
    socket.on('end', () => {
      connection.isComplete = true;
      const fault = decoder.end();
      if (fault !== undefined) add(fault);
    });
    if (this.#isStalled) socket.pause();
  }
}
