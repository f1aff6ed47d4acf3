import { encodeCaptureRecord } from '../capture/encode.js';
import type { CaptureRecord } from '../capture/record.js';
import { messageOf } from '../printable.js';
import { linesOf } from '../records/text-lines.js';
import { binaryOutput } from './binary-output.js';
import { EventCapture } from './event-capture.js';
import { inputError, inputOf } from './input-file.js';
import { ExitCode, errorOutput, type Io, isClosedPipe } from './io.js';

export interface EncodeOptions {
  session: string | undefined;
  process: string | undefined;
  raw: boolean;
}

/** Longest line that is read, in characters. An event that fits into a frame is far shorter. */
const MAX_LINE_LENGTH = 1 << 20;

/** Turns events into a capture. A line that is not a valid event is reported and skipped. */
export async function encode(file: string | undefined, options: EncodeOptions, io: Io): Promise<number> {
  const write = binaryOutput(io);
  const capture = new EventCapture(options.session ?? '', options.process ?? '', Date.now() * 1000);
  const say = (text: string) => errorOutput(io).write(`${text}\n`);
  let [encoded, skipped] = [0, 0];
  const writeAll = async (records: readonly CaptureRecord[]) => {
    for (const record of records) {
      if (!options.raw) await write(encodeCaptureRecord(record));
      else if (record.kind === 'data') await write(record.bytes);
    }
  };
  const source = inputOf(file, io);
  try {
    for await (const { number, text } of linesOf(source, MAX_LINE_LENGTH)) {
      if (text?.trim() === '') continue;
      let records: CaptureRecord[] = [];
      try {
        if (text === undefined) throw new Error(`it has more than ${MAX_LINE_LENGTH} characters`);
        records = capture.add(JSON.parse(text));
        encoded += 1;
      } catch (error) {
        skipped += 1;
        const what = error instanceof SyntaxError ? 'not valid JSON: ' : '';
        say(`line ${number}: ${what}${messageOf(error)}`);
      }
      await writeAll(records);
    }
    await writeAll(capture.end());
  } catch (error) {
    if (isClosedPipe(error)) return ExitCode.DONE;
    throw inputError(error, file);
  }
  const more = skipped === 0 ? '' : `, skipped ${skipped} lines`;
  say(`encoded ${encoded} events in ${capture.batches} batches${more}`);
  return skipped === 0 ? ExitCode.DONE : ExitCode.FAILED;
}
