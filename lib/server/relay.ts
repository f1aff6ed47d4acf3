import { connect, type Socket } from 'node:net';
import { sleep } from '../abort.js';
import type { RecordedConnection } from '../capture/recording.js';

/** How long a relay waits before it tries to connect again, in ms. */
const RETRY_MS = 100;

export interface RelayOptions {
  /** The socket of the receiver. */
  readonly to: string;
  /** How long to wait for a receiver that cannot be connected to, in ms. */
  readonly waitMs: number;
  readonly record: RecordedConnection;
  /** The receiver could not be connected to, so the connection of the sender was closed. */
  unreachable(error: unknown): void;
}

/**
 * Passes the bytes of one connection on to a receiver, and the answers back, without looking at them. Each side is
 * read only as fast as the other one accepts, and ends when the other one ends. What the sender writes is recorded.
 */
export class Relay {
  /** Resolves when both sides are closed. */
  readonly done: Promise<void>;
  /** Bytes of the sender that were read. */
  bytes = 0;
  /** Bytes that the receiver wrote. */
  bytesBack = 0;
  readonly #sender: Socket;
  readonly #options: RelayOptions;
  readonly #stop = new AbortController();
  #receiver: Socket | undefined;
  #isRecorded = false;
  /** Bytes that the system has accepted for the receiver. */
  #accepted = 0;

  constructor(sender: Socket, options: RelayOptions) {
    this.#sender = sender;
    this.#options = options;
    // Each side may end before the other one.
    sender.allowHalfOpen = true;
    sender.on('error', () => undefined);
    const senderClosed = new Promise<void>((resolve) => sender.once('close', () => resolve()));
    this.done = this.#run().then(() => senderClosed);
  }

  /** Bytes of the sender that the receiver has not accepted. */
  get unsent(): number {
    return this.bytes - this.#accepted;
  }

  /** Bytes that the system has read from the sender. */
  get bytesRead(): number {
    return this.#sender.bytesRead;
  }

  /** Whether bytes of the sender wait for the receiver. */
  get hasLeft(): boolean {
    return (
      this.#receiver === undefined || this.#receiver.writableLength > 0 || this.#sender.readableLength > 0
    );
  }

  /** Closes both sides at once. */
  close(): void {
    this.#stop.abort();
    this.#over('closed');
    this.#sender.destroy();
    this.#receiver?.destroy();
  }

  async #run(): Promise<void> {
    const receiver = await this.#connect();
    if (receiver === undefined) {
      this.#over('closed');
      this.#sender.destroy();
      return;
    }
    this.#receiver = receiver;
    const closed = new Promise<void>((resolve) => receiver.once('close', () => resolve()));
    if (this.#stop.signal.aborted) receiver.destroy();
    else this.#join(receiver);
    await closed;
  }

  /** @returns undefined if that was not possible in time. */
  async #connect(): Promise<Socket | undefined> {
    const { to, waitMs, unreachable } = this.#options;
    const { signal } = this.#stop;
    const deadline = performance.now() + waitMs;
    for (;;) {
      const found = await connection(to);
      if ('socket' in found) return found.socket;
      if (signal.aborted || performance.now() >= deadline) {
        unreachable(found.error);
        return undefined;
      }
      await sleep(RETRY_MS, signal);
    }
  }

  #join(receiver: Socket): void {
    const sender = this.#sender;
    const onEnd = () => {
      this.#over('end');
      receiver.end();
    };
    sender
      .on('data', (chunk: Buffer) => {
        this.#options.record.data(chunk);
        this.bytes += chunk.length;
        const isPassedOn = receiver.write(chunk, (error) => {
          // Node reports a write as done that the end of the socket has interrupted.
          if (!error && !receiver.destroyed) this.#accepted += chunk.length;
        });
        if (!isPassedOn) sender.pause();
      })
      .on('drain', () => receiver.resume())
      .on('end', onEnd)
      .on('close', (isBroken) => {
        this.#over(isBroken ? 'broken' : 'closed');
        // Also the bytes before a failure are the sender's.
        receiver.destroySoon();
      });
    receiver
      .on('data', (chunk: Buffer) => {
        this.bytesBack += chunk.length;
        if (!sender.write(chunk)) receiver.pause();
      })
      .on('drain', () => sender.resume())
      .on('end', () => sender.end())
      .on('close', () => {
        // What the sender has written since then has no receiver.
        this.#over('closed');
        sender.removeAllListeners('data').pause().destroySoon();
      });
    // A sender that wrote nothing may have ended already.
    if (sender.readableEnded) onEnd();
    if (sender.destroyed) receiver.destroySoon();
  }

  #over(kind: 'end' | 'broken' | 'closed'): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    this.#options.record.over(kind);
  }
}

async function connection(path: string): Promise<{ socket: Socket } | { error: unknown }> {
  const socket = connect({ path, allowHalfOpen: true });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve({ socket }));
    // This listener stays. After a later error the socket closes.
    socket.on('error', (error) => resolve({ error }));
  });
}
