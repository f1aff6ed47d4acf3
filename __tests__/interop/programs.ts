import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach } from '@jest/globals';
import type { Amount } from '../../lib/batch.js';
import { commands, listening, type Running } from '../helpers/processes.js';
import { tempPaths } from '../helpers/temp.js';
import { until } from '../helpers/until.js';
import { SESSION } from './events.js';

/** The folder of the built Go programs. */
export const BIN = fileURLToPath(new URL('bin/', import.meta.url));
const PROTO = fileURLToPath(new URL('../../proto/', import.meta.url));
const TOKEN = 'the-token-of-the-agent';

/** A call that the server received, and its answer. */
export interface Call {
  answer: string;
  request: { logs: { sequence_number: number }[] } & Record<string, unknown>;
}

/** An attempt to connect, and the HTTP status of the answer. */
export interface Attempt {
  status: number;
  /** Time of the attempt, in ms. */
  at: number;
  version: string;
  role: string;
}

/** The server, with everything that it has reported so far. */
export interface AgentApi {
  readonly url: string;
  readonly attempts: Attempt[];
  readonly calls: Call[];
  /** The pings that the client answered. */
  readonly pings: string[];
  /** Kills the server, as in a crash, and resolves when all its reports are read. */
  kill(): Promise<void>;
}

export interface LogLine extends Record<string, unknown> {
  msg: string;
  err?: { code?: string; message: string };
}

/** The closing account, which is the last line of the proxy's log. */
export interface Account extends LogLine {
  received: Amount;
  recovered: Amount;
}

/** A `serve` that forwards to the server. */
export interface Served extends Running {
  readonly socket: string;
  readonly log: () => LogLine[];
  /** Sends SIGTERM, and resolves with the closing account. */
  close(): Promise<Account>;
}

/** Returns functions that start the programs. Those that still run after a test are killed. */
export function programs() {
  const path = tempPaths();
  const command = commands();
  const children: ChildProcessByStdio<Writable, Readable, null>[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Starts a Go program. */
  function start(name: string, args: string[]) {
    const child = spawn(`${BIN}${name}`, ['-proto', PROTO, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    return child;
  }

  /** Starts the server, and waits until it listens. */
  async function agentApi(...args: string[]): Promise<AgentApi> {
    const child = start('agentapi', ['-token', TOKEN, ...args]);
    const closed = once(child, 'close');
    const reported = {
      listening: [] as string[],
      attempt: [] as Attempt[],
      ping: [] as string[],
      call: [] as Call[],
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      for (const [kind, what] of Object.entries(JSON.parse(line)))
        reported[kind as keyof typeof reported].push(what as never);
    });
    await until('the server listens', () => reported.listening[0]);
    return {
      url: reported.listening[0] as string,
      attempts: reported.attempt,
      calls: reported.call,
      pings: reported.ping,
      async kill() {
        child.kill('SIGKILL');
        await within(20_000, 'the server ends', closed);
      },
    };
  }

  /** Starts the proxy, and waits until it listens. */
  async function serve(url: string, args: string[] = [], socket = path()): Promise<Served> {
    const env = { CODER_AGENT_TOKEN: TOKEN, CODER_AGENT_URL: url };
    const fixed = ['--socket', socket, '--metrics', 'off', '--reporter', 'coder'];
    const served = command(['serve', ...fixed, ...args], { env });
    await listening(served, socket);
    const log = () =>
      served
        .stderr()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine);
    return {
      ...served,
      socket,
      log,
      async close() {
        served.child.kill('SIGTERM');
        const code = await within(20_000, 'the proxy ends', served.ended);
        const account = log().find(({ msg }) => msg === 'closed');
        if (code !== 0 || account === undefined)
          throw new Error(`the proxy ended with ${code}: ${served.stderr()}`);
        return account as Account;
      },
    };
  }

  /** Starts the sender, and resolves when it has written everything. */
  async function send(socket: string, ...args: string[]): Promise<void> {
    const child = start('standin-sender', ['-socket', socket, '-session', SESSION, ...args]);
    const [code, signal] = await within(90_000, 'everything is sent', once(child, 'close'));
    if (code !== 0) throw new Error(`the sender ended with ${code ?? signal}`);
  }

  return { agentApi, serve, send, path };
}

/** Settles like `promise`, or fails after the deadline with an error that names what was expected. */
async function within<T>(deadlineMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`did not happen within ${deadlineMs} ms: ${what}`)),
      deadlineMs,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
