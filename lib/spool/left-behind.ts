import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../logger.js';
import { realDisk as disk } from './disk.js';
import { codeOf } from './files.js';
import { folderOf, MAIN, REPORTERS } from './folder-of.js';
import { inspect, isSpool } from './inspection.js';

/**
 * Warns about batches that wait for reporters that do not exist any more, or have another name now. Nothing delivers or
 * deletes them until a reporter with that name runs.
 */
export async function reportLeftBehind(
  folder: string,
  reporters: readonly string[],
  logger: Logger,
): Promise<void> {
  for (const reporter of [MAIN, ...namesIn(join(folder, REPORTERS))]) {
    if (reporters.includes(reporter)) continue;
    const left = folderOf(folder, reporter);
    try {
      if (!isSpool(disk, left)) continue;
      let [batches, logs] = [0, 0];
      for await (const { waiting } of inspect(disk, left)) {
        batches += waiting.length;
        for (const { count } of waiting) logs += count;
      }
      const fields = { reporter, folder: left, batches, logs };
      if (batches > 0) logger.warn(fields, 'batches wait in the spool for a reporter that does not run');
    } catch (err) {
      logger.warn(
        { reporter, folder: left, err },
        'the spool of a reporter that does not run cannot be read',
      );
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
