import { pipeline } from 'node:stream/promises';
import { messageOf } from '../printable.js';
import { linesOf } from '../records/text-lines.js';
import { BoundaryLogSender } from '../sender/sender.js';
import { inputError } from './input-file.js';
import { ExitCode, type Io } from './io.js';
import { sampleEvents } from './sample-events.js';

export interface SendOptions {
  socket: string;
  sample: number | undefined;
  session: string | undefined;
  process: string | undefined;
  /** Seconds. */
  wait: number | undefined;
}

/** Longest line that is read, in characters. An event that fits into a frame is far shorter. */
const MAX_LINE_LENGTH = 1 << 20;
/** How long to wait for the proxy by default, in seconds, if another program writes the events. */
const WAIT_FOR_PIPE = 30;
/** How long the proxy may take to read the rest, in ms. */
const CLOSE_TIMEOUT_MS = 5000;

/** Sends samples, or the events on stdin until it ends. A line that is not a valid event is reported and skipped. */
export async function send(options: SendOptions, io: Io): Promise<number> {
  const { stdin, stderr } = io;
  const isPipe = options.sample === undefined && io.stdinIsPipe === true;
  const waitMs = (options.wait ?? (isPipe ? WAIT_FOR_PIPE : 0)) * 1000;
  const sender = new BoundaryLogSender({
    socketPath: options.socket,
    sessionId: options.session,
    confinedProcessName: options.process,
    ...(waitMs === 0 ? { attempts: 1 } : { retryForMs: waitMs, maxDelayMs: 500 }),
    closeTimeoutMs: CLOSE_TIMEOUT_MS + waitMs,
  });
  /** The line of each event, because the sender may drop it later. */
  const lines = new WeakMap<object, number>();
  let skipped = 0;
  const skip = (line: number | undefined, why: string) => {
    skipped += 1;
    stderr.write(`line ${line}: ${why}\n`);
  };
  sender.on('drop', (event, error) => skip(lines.get(event as object), error.message));

  async function* events(): AsyncGenerator<object> {
    for await (const { number, text } of linesOf(stdin, MAX_LINE_LENGTH)) {
      if (text?.trim() === '') continue;
      try {
        if (text === undefined) throw new Error(`it has more than ${MAX_LINE_LENGTH} characters`);
        const event = parsed(text);
        lines.set(event, number);
        yield event;
      } catch (error) {
        skip(number, messageOf(error));
      }
    }
  }

  try {
    await pipeline(options.sample === undefined ? events() : sampleEvents(options.sample), sender);
  } catch (error) {
    throw inputError(error, undefined, 'stdin');
  } finally {
    const { sent } = sender.accounts();
    stderr.write(`sent ${sent} events${skipped === 0 ? '' : `, skipped ${skipped}`}\n`);
  }
  return skipped === 0 ? ExitCode.DONE : ExitCode.FAILED;
}

function parsed(line: string): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Error(`not valid JSON: ${messageOf(cause)}`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error(`got ${line.trim().slice(0, 40)}, expected an event, which is an object of JSON`);
}
