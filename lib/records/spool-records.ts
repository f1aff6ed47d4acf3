import { LogBatch } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { messageOf, token } from '../printable.js';
import { realDisk as disk } from '../spool/disk.js';
import { inspect } from '../spool/inspection.js';
import { partsIn } from '../spool/parts.js';
import { eventsIn } from './frame-records.js';
import type { FaultListener, Recorded } from './record.js';

/**
 * The events that wait in a spool, also while a proxy uses it. The spool no longer contains delivered events.
 *
 * @throws ERR_INVALID_OPTION if the folder is not that of a spool, or is that of several reporters; and ERR_SPOOL_FAILED if it cannot be read.
 */
export async function* recordsInSpool(folder: string, onFault: FaultListener): AsyncGenerator<Recorded> {
  try {
    const parts = partsIn(disk, folder);
    if (parts.length !== 1) {
      const names = parts.map(({ reporter }) => reporter).join(', ');
      const message =
        parts.length === 0
          ? 'is a folder, but not that of a spool: name the files in it instead'
          : // Each event would be there once for each reporter.
            `is the spool of several reporters: pipe what spool --export --reporter writes for one of ${names}`;
      throw new BoundaryLogError('ERR_INVALID_OPTION', `${token(folder)} ${message}`);
    }
    for await (const { waiting, damage } of inspect(disk, folder)) {
      for (const { first, lost } of damage) {
        const message = `the spool is damaged from here on: ${lost?.batches ?? 'unknown'} batches are missing`;
        onFault({ message, place: { file: folder, id: first }, isLoss: true });
      }
      for (const { id, tag, count, raw, time } of waiting) {
        const place = { file: folder, id };
        try {
          yield* eventsIn(new LogBatch(tag, count, raw), place, { receivedAt: time * 1000 });
        } catch (error) {
          if ((error as BoundaryLogError).code !== 'ERR_INVALID_PROTOBUF') throw error;
          onFault({ message: messageOf(error), place, isLoss: true });
        }
      }
    }
  } catch (cause) {
    if (cause instanceof BoundaryLogError) throw cause;
    const message = `the spool ${token(folder)} cannot be read: ${messageOf(cause)}`;
    throw new BoundaryLogError('ERR_SPOOL_FAILED', message, { cause });
  }
}
