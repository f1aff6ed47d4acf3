import { WebSocket } from 'ws';
import { startTimer } from '../../abort.js';
import { passing } from '../../connection/failure.js';
import { BoundaryLogError } from '../../errors.js';
import { AnswerDecoder } from './drpc/answer.js';
import { CLOSE, encodeUnaryCall } from './drpc/encode.js';
import { callFailure } from './failures.js';
import { Session } from './yamux/session.js';

/** The WebSocket status code for a regular end (RFC 6455, section 7.4.1). */
const NORMAL_CLOSURE = 1000;
/** How long to wait for an answer after the caller has given up, in ms. Equals the proxy's default `graceMs`. */
const ANSWER_GRACE_MS = 1000;

interface CallOptions {
  /** Ends the call, unless the answer arrives within {@link ANSWER_GRACE_MS}. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** A connection to the agent API: DRPC calls on yamux streams over a WebSocket. */
export class AgentSession {
  /** Resolves with the reason when the session has ended. */
  readonly ended: Promise<BoundaryLogError>;
  /** Resolves when the WebSocket is closed. */
  readonly closed: Promise<void>;
  /** How many calls were answered. */
  answered = 0;
  readonly #mux: Session;

  /** @param socket An open WebSocket, which belongs to the session from now on. */
  constructor(socket: WebSocket, { keepAliveMs }: { keepAliveMs: number }) {
    let onEnd: (error: BoundaryLogError) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      onEnd = resolve;
    });
    this.#mux = new Session({
      keepAliveMs,
      send: (bytes) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
      },
      onEnd: (error) => {
        socket.close(NORMAL_CLOSURE);
        onEnd(error);
      },
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        this.#mux.end(lost(`Coder has closed the connection (WebSocket code ${code})`));
        resolve();
      });
    });
    socket.on('error', (cause) =>
      this.#mux.end(lost(`the connection to Coder failed: ${cause.message}`, cause)),
    );
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#mux.receive(data as Buffer);
      else this.#mux.end(new BoundaryLogError('ERR_PROTOCOL_VIOLATION', 'received a WebSocket text message'));
    });
  }

  /** Whether calls can be made. */
  get isOpen(): boolean {
    return this.#mux.isOpen;
  }

  /**
   * Calls a method on a new stream. The stream is not closed before the answer has arrived, unless the call is
   * abandoned: the server would treat the call as cancelled.
   *
   * @throws a Failure, or `signal.reason` if the signal ended the call. In both cases the server may have executed it.
   */
  call(method: string, request: Uint8Array, { signal, timeoutMs }: CallOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (!this.isOpen) throw lost('the connection to Coder has just ended');
      const decoder = new AnswerDecoder();
      const fail = (error: unknown) => {
        stopTimer();
        reject(error);
      };
      const giveUp = (error: unknown) => {
        stream.reset();
        fail(error);
      };
      const onTimeout = () =>
        giveUp(passing('ERR_CALL_TIMEOUT', `Coder has not answered a call within ${timeoutMs} ms`));
      // The answer may already be on its way. Without it, the same batch would be sent again.
      const onAborted = () => {
        const timer = setTimeout(() => giveUp(signal.reason), Math.min(ANSWER_GRACE_MS, timeoutMs));
        stopTimer = () => clearTimeout(timer);
      };
      let stopTimer = startTimer(timeoutMs, signal, onTimeout, onAborted);

      const stream = this.#mux.open({
        onData: (chunk) => {
          try {
            const answer = decoder.decode(chunk);
            if (answer === undefined) return;
            this.answered += 1;
            stream.write(CLOSE);
            stream.close();
            if (answer.kind === 'error') throw callFailure(answer.code, answer.text);
            if (answer.kind === 'end') throw lost(`Coder has ${answer.how}`);
            stopTimer();
            resolve();
          } catch (error) {
            // A stream that is closed already ignores the reset.
            giveUp(error);
          }
        },
        onEnd: (error) => {
          stream.close();
          fail(error ?? lost('Coder has ended the stream of a call without an answer'));
        },
      });
      stream.write(encodeUnaryCall(method, request));
    });
  }

  /** Ends the session with Go Away. Calls in progress fail with `error`. */
  close(error: BoundaryLogError): void {
    this.#mux.close(error);
  }
}

function lost(message: string, cause?: unknown): BoundaryLogError {
  return passing('ERR_CONNECTION_LOST', message, cause);
}
