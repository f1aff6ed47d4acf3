import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  drpcFrame,
  errorData,
  readDrpc,
  readYamux,
  type YamuxFrame,
  yamuxFrame,
} from './naive-agent-wire.js';
import { until } from './until.js';

export const TOKEN = 'the-secret-token';

/** The answer to an HTTP request. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** All bytes of the answer, instead of those above. The connection ends after them. */
  raw?: string;
}

/** Starts servers, and closes them after each test. */
export function agentServers(): (tls?: ServerOptions) => Promise<AgentServer> {
  const started: AgentServer[] = [];
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
  });
  return async (tls) => {
    const server = await AgentServer.start(tls);
    started.push(server);
    return server;
  };
}

/** The agent API of a Coder server, controlled by a test. */
export class AgentServer {
  /** Handles a call. */
  onCall: (call: AgentCall) => void = (call) => call.ok();
  /** Whether the server answers requests. */
  answers = true;
  /** Handles a new connection. */
  onSession: (session: AgentServerSession) => void = () => undefined;
  /** The answer to requests to connect, if they are refused. */
  refusal: Reply | ((request: IncomingMessage) => Reply | undefined) | undefined;
  readonly requests: IncomingMessage[] = [];
  readonly sessions: AgentServerSession[] = [];
  readonly calls: AgentCall[] = [];
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const websockets = new WebSocketServer({ noServer: true, maxPayload: 2 ** 30 });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', ((request, response) => {
      this.requests.push(request);
      if (this.answers) response.writeHead(404).end();
    }) satisfies RequestListener);
    server.on('upgrade', (request, socket, head) => {
      this.requests.push(request);
      socket.on('error', () => undefined);
      if (!this.answers) {
        // The connection may be half open: its end is not its close.
        socket.on('end', () => socket.end()).resume();
        return;
      }
      const refusal = typeof this.refusal === 'function' ? this.refusal(request) : this.refusal;
      if (refusal !== undefined) {
        socket.end(bytesOf(refusal));
        return;
      }
      // What is sent immediately arrives together with the answer to the request.
      socket.cork();
      websockets.handleUpgrade(request, socket, head, (websocket) => {
        const session = new AgentServerSession(this, websocket, socket);
        this.sessions.push(session);
        this.onSession(session);
      });
      socket.uncork();
    });
  }

  static async start(tls?: ServerOptions): Promise<AgentServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AgentServer(server, tls === undefined ? 'http' : 'https');
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Session number `n`, from 0, as soon as it exists. */
  async session(n = 0): Promise<AgentServerSession> {
    await until(`session ${n} is open`, () => this.sessions.length > n);
    return this.sessions[n] as AgentServerSession;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function bytesOf({ status, headers = {}, body = '', raw }: Reply): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} No\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}`;
  return raw ?? `${head}\r\n\r\n${body}`;
}

/** One connection of a client. */
export class AgentServerSession {
  /** All frames received, except pings and data. */
  readonly frames: YamuxFrame[] = [];
  /** The values of the pings that the client answered. */
  readonly pongs: number[] = [];
  readonly streams = new Map<number, AgentCall>();
  /** Whether reading data allows the client to send more. */
  grants = true;
  /** The code with which the WebSocket was closed. */
  closeCode: number | undefined;
  readonly websocket: WebSocket;
  readonly socket: Duplex;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(
    readonly server: AgentServer,
    websocket: WebSocket,
    socket: Duplex,
  ) {
    this.websocket = websocket;
    this.socket = socket;
    websocket.on('error', () => undefined);
    websocket.on('close', (code) => {
      this.closeCode = code;
    });
    websocket.on('message', (data) => {
      const { frames, rest } = readYamux(Buffer.concat([this.#bytes, data as Buffer]));
      this.#bytes = rest;
      for (const frame of frames) this.#handle(frame);
    });
  }

  send(...frame: Parameters<typeof yamuxFrame>): void {
    this.websocket.send(yamuxFrame(...frame));
  }

  #handle(frame: YamuxFrame): void {
    const { type, flags, id, length, data } = frame;
    if (type === 2) {
      if (flags === 1) this.send(2, 2, 0, length);
      else this.pongs.push(length);
      return;
    }
    if (type === 1 && flags === 1) {
      this.streams.set(id, new AgentCall(this, id));
      this.send(1, 2, id);
    }
    if (type === 0) {
      if (this.grants) this.send(1, 0, id, length);
      this.streams.get(id)?.receive(data);
    } else {
      this.frames.push(frame);
    }
  }
}

/** One call of a client, on its yamux stream. */
export class AgentCall {
  readonly session: AgentServerSession;
  readonly id: number;
  method = '';
  /** The bytes of the message, as received. */
  request: Buffer = Buffer.alloc(0);
  /** How many bytes were received on the stream. */
  received: Buffer = Buffer.alloc(0);
  #isCalled = false;

  constructor(session: AgentServerSession, id: number) {
    this.session = session;
    this.id = id;
  }

  receive(data: Buffer): void {
    this.received = Buffer.concat([this.received, data]);
    const frames = readDrpc(this.received);
    if (this.#isCalled || !frames.some(({ kind }) => kind === 6)) return;
    this.#isCalled = true;
    const dataOf = (wanted: number) =>
      Buffer.concat(frames.filter(({ kind }) => kind === wanted).map(({ data }) => data));
    this.method = dataOf(1).toString();
    this.request = dataOf(2);
    this.session.server.calls.push(this);
    this.session.server.onCall(this);
  }

  /** Answers as a server that has accepted the call. */
  ok(): void {
    this.bytes(Buffer.concat([drpcFrame({ kind: 2, message: 1 }), drpcFrame({ kind: 6, message: 2 })]));
  }

  error(code: number, text: string): void {
    this.bytes(drpcFrame({ kind: 3, message: 1, data: errorData(code, text) }));
  }

  bytes(data: Buffer): void {
    this.session.send(0, 0, this.id, data);
  }

  fin(): void {
    this.session.send(1, 4, this.id);
  }

  reset(): void {
    this.session.send(1, 8, this.id);
  }
}
