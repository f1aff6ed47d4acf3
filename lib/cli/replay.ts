import { openCapture } from '../capture/open-capture.js';
import { replay as run } from '../capture/replay.js';
import { inputError, inputOf } from './input-file.js';
import { ExitCode, errorOutput, type Io } from './io.js';

export interface ReplayCommandOptions {
  socket: string;
  speed: number;
  raw: boolean;
}

/** From this delay on, the account mentions it. In ms. */
const LATE_MS = 1000;

/** Sends a capture to a socket, exactly as it came. It is a failure if the receiver was not offered all of it. */
export async function replay(
  file: string | undefined,
  options: ReplayCommandOptions,
  io: Io,
): Promise<number> {
  const source = inputOf(file, io);
  const end = new AbortController();
  const say = (text: string) => errorOutput(io).write(`${text}\n`);
  let signals = 0;
  const offSignal = io.onSignal(() => {
    signals += 1;
    if (signals > 1) io.exit(ExitCode.FAILED);
    end.abort();
    source.destroy();
  });
  try {
    const { records } = await openCapture(source, options.raw);
    const { socket: path, speed } = options;
    const { connections, bytes, unsent, lateMs, isComplete } = await run(records, {
      path,
      speed,
      signal: end.signal,
      note: say,
    });
    const parts = [`replayed ${connections} connections, ${bytes} bytes`];
    if (unsent > 0) parts.push(`${unsent} bytes were not sent`);
    if (lateMs >= LATE_MS) parts.push(`up to ${(lateMs / 1000).toFixed(1)} s late`);
    if (end.signal.aborted) parts.push('stopped before the end');
    say(parts.join(', '));
    return isComplete ? ExitCode.DONE : ExitCode.FAILED;
  } catch (error) {
    if (end.signal.aborted) {
      say('stopped before the end');
      return ExitCode.FAILED;
    }
    throw inputError(error, file);
  } finally {
    offSignal();
    source.destroy();
  }
}
