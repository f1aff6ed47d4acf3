import { encodeFrame, encodeRawLogs, Tag } from '../../codec/index.js';
import { encodeCaptureRecord } from '../capture/encode.js';
import type { CaptureRecord } from '../capture/record.js';
import type { BoundaryLogError } from '../errors.js';
import { realDisk as disk } from '../spool/disk.js';
import { inspect } from '../spool/inspection.js';
import type { Entry } from '../spool/record.js';
import { binaryOutput } from './binary-output.js';
import { ExitCode, type Io } from './io.js';

/** Longest payload that a header can express. */
const MAX_LENGTH = 0xff_ffff;

/**
 * Writes the batches of a spool as a capture with one connection, on which each arrives when it was stored. Batches that
 * are damaged are a gap in it, and the exit code is 1.
 */
export async function exportCapture(folder: string, io: Io): Promise<number> {
  const write = binaryOutput(io);
  const complain = (text: string) => void io.stderr.write(`${text}\n`);
  let isComplete = true;
  let startedAt: number | undefined;
  let time = 0;
  const append = (record: CaptureRecord) => write(encodeCaptureRecord(record));
  const start = async (now: number) => {
    if (startedAt !== undefined) return;
    startedAt = now;
    await append({ kind: 'start', startedAt: now });
    await append({ kind: 'open', connection: 1, time: 0 });
  };
  const lose = async (bytes: number) => {
    isComplete = false;
    await start(Date.now() * 1000);
    await append({ kind: 'gap', connection: 0, time, bytes, connections: 0 });
  };

  for await (const { waiting, damage } of inspect(disk, folder)) {
    for (const { first, lost } of damage) {
      complain(`damaged from id ${first} on: ${lost?.batches ?? 'unknown'} batches are left out`);
      await lose(lost?.bytes ?? 0);
    }
    for (const entry of waiting) {
      const at = entry.time * 1000;
      try {
        const bytes = frameOf(entry);
        await start(at);
        time = Math.max(time, at - (startedAt as number));
        await append({ kind: 'data', connection: 1, time, bytes });
      } catch (error) {
        const { code, message } = error as BoundaryLogError;
        if (code !== 'ERR_INVALID_EVENT' && code !== 'ERR_MESSAGE_TOO_LARGE') throw error;
        complain(`skipped id ${entry.id}, ${entry.count} logs: ${message}`);
        await lose(entry.raw.length);
      }
    }
  }
  await start(Date.now() * 1000);
  await append({ kind: 'end', connection: 1, time });
  await append({ kind: 'finish', time });
  return isComplete ? ExitCode.DONE : ExitCode.FAILED;
}

/** The frame of a batch. Its envelope is a new one; what it contains is unchanged. */
function frameOf({ tag, raw }: Entry): Buffer {
  if (tag === Tag.V1 || tag === Tag.V2) return encodeRawLogs(raw, tag);
  return encodeFrame(tag, raw, MAX_LENGTH);
}
