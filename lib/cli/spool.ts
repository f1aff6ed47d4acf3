import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { LogBatch } from '../../codec/index.js';
import { invalidOption } from '../options.js';
import { Spool } from '../spool/spool.js';
import { formatBatch } from '../text/format.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { programLogger } from './program-logger.js';

export interface SpoolCommandOptions {
  export: boolean;
}

/** Shows what is in a spool, or writes its events as lines of JSON. A damaged one is repaired as `serve` does it. */
export async function spool(folder: string, options: SpoolCommandOptions, io: Io): Promise<number> {
  if (!existsSync(join(folder, 'store'))) throw invalidOption('DIR', folder, 'the folder of a spool');
  const opened = await Spool.open(folder, { logger: programLogger('info', io) });
  try {
    if (options.export) {
      await pipeline(toLines(opened), io.stdout, { end: false });
    } else {
      const { batches, logs, bytes } = opened.size;
      const oldest = (await opened.oldest())?.toISOString() ?? '-';
      io.stdout.write(`batches ${batches}\nlogs ${logs}\nbytes ${bytes}\noldest ${oldest}\n`);
    }
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
  } finally {
    await opened.close();
  }
  return ExitCode.DONE;
}

async function* toLines(opened: Spool): AsyncGenerator<string> {
  for await (const { tag, count, raw } of opened.entries()) {
    yield formatBatch(new LogBatch(tag, count, raw), 'json');
  }
}
