import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { startTimer } from '../../abort.js';
import { Failure, passing } from '../../connection/failure.js';
import { beginningOf, connectionError, shownUrl } from '../http-answer.js';
import type { Answer } from './answer.js';
import { Connections } from './connections.js';
import type { OtlpTls } from './options.js';

/** How much of an answer is read. One that says more than this is not an answer of OTLP. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** The port for OTLP over gRPC, which does not speak HTTP/1.1. */
const GRPC_PORT = '4317';

export interface HttpClientOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: OtlpTls;
}

/** Sends one request after the other over a connection that it keeps open. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #connections: Connections;

  /** @throws ERR_INVALID_OPTION if the environment names an HTTP proxy that cannot be used. */
  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#connections = new Connections(options.url, options.tls);
  }

  /**
   * Sends a request, and reads its answer, of which it stores the first 64 KiB.
   *
   * @param headers Those of this request, besides the ones of the options.
   * @throws a Failure without an answer, or the reason of the signal.
   */
  async post(
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    limits: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Answer> {
    const first = await this.#attempt(body, headers, limits);
    // The server has closed the connection while nothing was sent. This is not an outage.
    if (first === 'stale') return (await this.#attempt(body, headers, limits)) as Answer;
    return first;
  }

  close(): void {
    this.#connections.reset();
  }

  async #attempt(
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Answer | 'stale'> {
    signal.throwIfAborted();
    const { url, headers: always } = this.#options;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const all = { ...always, ...headers, 'content-length': String(body.length) };
    const agent = await this.#connections.agent();
    const request = send(url, { ...this.#connections.options, method: 'POST', agent, headers: all });
    /** Why the request was ended here. */
    let ended: Error | undefined;
    let interrupt: (error: Error) => void = () => undefined;
    const end = (error: Error) => {
      ended = error;
      // A request that is not connected yet would not say that it is destroyed.
      interrupt(error);
      request.destroy(error);
    };
    const onTimeout = () =>
      end(
        passing(
          'ERR_CALL_TIMEOUT',
          `the OpenTelemetry server at ${shownUrl(url)} has not answered within ${timeoutMs} ms`,
        ),
      );
    const stopTimer = startTimer(timeoutMs, signal, onTimeout, () => end(signal.reason));
    try {
      const reply = await new Promise<IncomingMessage>((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        interrupt = reject;
        // Later errors end the answer, which whoever reads it notices.
        request.on('response', resolve).on('error', reject);
        request.end(body);
      });
      this.#connections.checkProxy();
      const { bytes, isComplete } = await beginningOf(reply, { maxBytes: MAX_ANSWER_BYTES });
      const status = reply.statusCode as number;
      const isCut = !isComplete && bytes.length <= MAX_ANSWER_BYTES;
      // Whether the logs were accepted is in the body. Otherwise the status is enough.
      if (isCut && status < 300) throw new Error('the connection ended within the answer');
      return { status, headers: reply.headers, body: bytes, isComplete };
    } catch (error) {
      this.#connections.reset();
      if (ended !== undefined) throw ended;
      if (error instanceof Failure) throw error;
      if (request.reusedSocket && isReset(error)) return 'stale';
      throw this.#failure(error, request);
    } finally {
      stopTimer();
    }
  }

  #failure(cause: unknown, request: ClientRequest): Failure {
    const { url } = this.#options;
    const { why, meaning } = connectionError(cause, 'OTEL_EXPORTER_OTLP_CERTIFICATE');
    const { via } = this.#connections;
    const where = `${shownUrl(url)}${via === undefined ? '' : ` through the HTTP proxy ${via}`}`;
    // The server has the whole request, so it may have accepted the logs. Before TLS is established, Node only says so.
    if (request.writableFinished && meaning === undefined) {
      return passing(
        'ERR_CONNECTION_LOST',
        `the connection to the OpenTelemetry server at ${where} ended before its answer (${why})`,
        cause,
      );
    }
    const grpc =
      url.port === GRPC_PORT && !/CERT/.test(why)
        ? `Port ${GRPC_PORT} is usually that for gRPC, and 4318 that for HTTP`
        : meaning;
    const how = grpc === undefined ? '' : `. ${grpc}`;
    return passing(
      'ERR_CONNECT_FAILED',
      `the OpenTelemetry server cannot be reached at ${where} (${why})${how}`,
      cause,
    );
  }
}

function isReset(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}
