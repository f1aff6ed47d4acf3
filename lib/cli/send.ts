import { pipeline } from 'node:stream/promises';
import split2 from 'split2';
import { BoundaryLogError } from '../errors.js';
import { messageOf } from '../printable.js';
import { BoundaryLogSender } from '../sender/sender.js';
import { Readable } from '../streams/base.js';
import { ExitCode, type Io } from './io.js';
import { sampleEvents } from './sample-events.js';

export interface SendOptions {
  socket: string;
  sample: number | undefined;
  session: string | undefined;
  process: string | undefined;
}

/** Longest line that is read, in characters. An event that fits into a frame is far shorter. */
const MAX_LINE_LENGTH = 1 << 20;

/** Sends samples, or the events on stdin until it ends. A line that is not a valid event is reported and skipped. */
export async function send(options: SendOptions, { stdin, stderr }: Io): Promise<number> {
  const sender = new BoundaryLogSender({
    socketPath: options.socket,
    sessionId: options.session,
    confinedProcessName: options.process,
    attempts: 1,
  });
  let read = 0;
  let dropped = 0;
  const complain = (error: Error) => {
    dropped += 1;
    stderr.write(`event ${read}: ${error.message}\n`);
  };
  sender.on('drop', (_event, error) => complain(error));

  const parse = (line: string): unknown => {
    if (line.trim() === '') return undefined;
    read += 1;
    try {
      return JSON.parse(line);
    } catch (cause) {
      complain(new BoundaryLogError('ERR_INVALID_EVENT', `not valid JSON: ${messageOf(cause)}`, { cause }));
      return undefined;
    }
  };
  if (options.sample === undefined) {
    await pipeline(stdin, split2(/\r?\n/, parse, { maxLength: MAX_LINE_LENGTH, skipOverflow: true }), sender);
  } else {
    read = options.sample;
    await pipeline(Readable.from(sampleEvents(options.sample)), sender);
  }
  stderr.write(`sent ${read - dropped} events${dropped === 0 ? '' : `, skipped ${dropped}`}\n`);
  return dropped === 0 ? ExitCode.DONE : ExitCode.FAILED;
}
