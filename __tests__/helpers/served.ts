import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { LogBatch } from '../../lib/index.js';
import { silent } from '../../lib/logger.js';
import { SpoolBuffer, type SpoolBufferOptions } from '../../lib/spool/index.js';
import { logBatch, logsFrame } from './messages.js';
import type { Running } from './processes.js';
import { sendAll } from './socket-client.js';

/** What of a running `serve` these functions need. */
export type Served = Pick<Running, 'stderr' | 'ended'> & {
  child: { kill(signal: NodeJS.Signals): boolean };
};

/** Options of `serve` for {@link metric}. */
export const METRICS = ['--metrics', '127.0.0.1:0'];

/** A command in front of `serve` with which nothing can be written to stdout: all batches wait in the spool. */
export const BLOCKED = ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];

export const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

/** The sequence numbers of events in JSON, complete lines only. */
export const numbersIn = (text: string) =>
  linesOf(text.slice(0, text.lastIndexOf('\n') + 1)).map(
    (line) => JSON.parse(line).sequence_number as number,
  );

export const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The lines of the program's own log that are complete. */
export function logOf({ stderr }: Pick<Running, 'stderr'>) {
  const text = stderr();
  return linesOf(text.slice(0, text.lastIndexOf('\n') + 1))
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Its warnings and errors. */
export const complaintsOf = (served: Pick<Running, 'stderr'>) =>
  logOf(served).filter(({ level }) => level >= 40);

export const closingAccount = (served: Served) => logOf(served).find(({ msg }) => msg === 'closed');

/** The messages of its warnings and errors. */
export const complaintsIn = (served: Pick<Running, 'stderr'>): string[] =>
  complaintsOf(served).map(({ msg }) => msg);

/** All metrics, as text. */
export async function metricsOf(served: Pick<Running, 'stderr'>): Promise<string> {
  const { url } = logOf(served).find(({ msg }) => msg === 'serving metrics');
  const [response] = await once(get(url), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

/** The value of a metric, all its labels included. */
export async function metric(served: Served, name: string): Promise<number> {
  const found = linesOf(await metricsOf(served)).find((line) =>
    line.startsWith(`agent_boundary_log_proxy_${name} `),
  );
  return Number(found?.split(' ')[1]);
}

/** Sends so many batches of so many logs each, numbered from `first`. */
export function sendBatches(socket: string, batches: number, logs: number, first = 0): Promise<void> {
  return sendAll(
    socket,
    upTo(batches).map((i) => logsFrame(logs, first + i * logs)),
  );
}

/** Ends it with SIGTERM. @returns its closing account. */
export async function stopped(served: Served, exitCode = 0): Promise<Record<string, unknown>> {
  served.child.kill('SIGTERM');
  const code = await served.ended;
  if (code !== exitCode) throw new Error(`it ended with ${code}: ${served.stderr()}`);
  return closingAccount(served);
}

/** Batches of so many logs each, numbered from 0. */
export const numberedBatches = (batches: number, logs: number) =>
  upTo(batches).map((i) => logBatch(logs, i * logs));

/** Stores batches in a spool and closes it. */
export async function fillSpool(
  folder: string,
  batches: readonly LogBatch[],
  options?: Omit<SpoolBufferOptions, 'folder'>,
): Promise<void> {
  const buffer = new SpoolBuffer({ folder, ...options }, 'drop', silent);
  await buffer.open();
  for (const batch of batches) if (!buffer.write(batch)) await once(buffer, 'drain');
  await buffer.close();
  if (buffer.held.batches < batches.length) throw new Error('the spool did not accept all batches');
}

/** How many records the segments of a spool contain: docs/spool-format.md says how each begins. */
export function recordsIn(folder: string): number {
  const segments = readdirSync(folder).filter((name) => /^\d{16}\.log$/.test(name));
  return segments.reduce(
    (sum, name) => sum + readFileSync(join(folder, name), 'latin1').split('BLR\x01').length - 1,
    0,
  );
}
