import { LogBatch } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { invalidOption } from '../options.js';
import { messageOf, token } from '../printable.js';
import { realDisk as disk } from '../spool/disk.js';
import { inspect } from '../spool/inspection.js';
import { type Part, partsIn } from '../spool/parts.js';
import { SpoolQueue } from '../spool/queue.js';
import { type Damage, HEADER } from '../spool/record.js';
import { piecesOf } from '../text/batch-text.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { programLogger } from './program-logger.js';
import { exportCapture } from './spool-capture.js';
import { writeText } from './stdout.js';

export interface SpoolCommandOptions {
  export: boolean;
  exportCapture: boolean;
  verify: boolean;
  repair: boolean;
  /** ms since 1970. */
  dropBefore: number | undefined;
  /** The reporter to whose part the command applies. Default: all parts. */
  reporter: string | undefined;
}

/** Bounds what `--repair` keeps in `damaged/`, as `serve` does by default. */
const MAX_BYTES = 256 * 2 ** 20;

/** Shows what is in a spool; or exports it, verifies it, repairs it, or drops what is old. */
export async function spool(folder: string, options: SpoolCommandOptions, io: Io): Promise<number> {
  try {
    const parts = partsOf(folder, options);
    let exitCode: number = ExitCode.DONE;
    for (const [i, part] of parts.entries()) {
      // With a single reporter, its name tells nobody anything.
      if (parts.length > 1) await writeText(io, [`${i === 0 ? '' : '\n'}reporter ${part.reporter}\n`]);
      const its = await look(part.folder, options, io);
      exitCode ||= its;
    }
    return exitCode;
  } catch (error) {
    if (isClosedPipe(error)) return ExitCode.DONE;
    const { code, syscall } = error as NodeJS.ErrnoException;
    // It is about stdout, not about the spool.
    if (error instanceof BoundaryLogError || syscall === 'write') throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw notASpool(folder);
    throw new BoundaryLogError(
      'ERR_SPOOL_FAILED',
      `the spool ${token(folder)} cannot be read: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The parts to which the command applies. */
function partsOf(folder: string, { reporter, ...options }: SpoolCommandOptions): Part[] {
  const parts = partsIn(disk, folder);
  if (parts.length === 0) throw notASpool(folder);
  const names = parts.map((part) => part.reporter).join(', ');
  if (reporter !== undefined) {
    const found = parts.filter((part) => part.reporter === reporter);
    if (found.length === 0) throw invalidOption('--reporter', reporter, `a reporter of this spool: ${names}`);
    return found;
  }
  // Several parts may contain the same event.
  if (parts.length > 1 && (options.export || options.exportCapture))
    throw invalidOption('--reporter', reporter, `one of the reporters of this spool: ${names}`);
  return parts;
}

async function look(folder: string, options: SpoolCommandOptions, io: Io): Promise<number> {
  if (options.repair || options.dropBefore !== undefined) return change(folder, options, io);
  if (options.verify) return verify(folder, io);
  if (options.export) return exportLines(folder, io);
  if (options.exportCapture) return exportCapture(folder, io);
  await show(folder, io);
  return ExitCode.DONE;
}

function notASpool(folder: string): BoundaryLogError {
  return invalidOption('DIR', folder, 'the folder of a spool');
}

async function show(folder: string, io: Io): Promise<void> {
  let [batches, logs, bytes] = [0, 0, 0];
  let oldest: number | undefined;
  const missing: Damage[] = [];
  for await (const { waiting, damage } of inspect(disk, folder)) {
    for (const { count, raw, time } of waiting) {
      batches += 1;
      logs += count;
      bytes += HEADER + raw.length;
      oldest ??= time;
    }
    missing.push(...damage);
  }
  const since = oldest === undefined ? '-' : new Date(oldest).toISOString();
  await writeText(io, [
    `batches ${batches}\nlogs ${logs}\nbytes ${bytes}\noldest ${since}\n`,
    ...missing.map((damage) => `damaged ${describe(damage)}\n`),
  ]);
}

async function verify(folder: string, io: Io): Promise<number> {
  let isSound = true;
  async function* lines(): AsyncGenerator<string> {
    let batches = 0;
    for await (const { waiting, damage } of inspect(disk, folder)) {
      batches += waiting.length;
      for (const missing of damage) yield `damaged ${describe(missing)}\n`;
      isSound &&= damage.length === 0;
    }
    yield `${batches} batches can be read\n`;
  }
  await writeText(io, lines());
  return isSound ? ExitCode.DONE : ExitCode.FAILED;
}

async function change(folder: string, options: SpoolCommandOptions, io: Io): Promise<number> {
  const { dropBefore = Number.NEGATIVE_INFINITY } = options;
  const lock = await disk.lock(folder);
  let failure: unknown;
  // Written at the end, because whatever becomes of stdout must not stop the change.
  const lines: string[] = [];
  const queue = await SpoolQueue.open(lock, {
    disk,
    folder,
    maxBytes: MAX_BYTES,
    sync: true,
    logger: programLogger('error', io),
    onLoss: ({ batches, logs }, { first, last }) => {
      lines.push(`dropped ${amount(batches, logs)}: ids ${first} to ${last} are damaged\n`);
    },
    onQuarantine: ({ id, count }) => {
      lines.push(`quarantined ${amount(1, count)}: id ${id}\n`);
    },
    onFailure: (error) => {
      failure = error;
    },
    onSpace: () => undefined,
    onRecount: () => undefined,
  }).catch((error) => {
    lock.release();
    throw error;
  });
  try {
    let [batches, logs] = [0, 0];
    for (let entries = await queue.read(); entries.length > 0; entries = await queue.read()) {
      for (const entry of entries.filter(({ time }) => time < dropBefore)) {
        queue.finish(entry.id, entry);
        batches += 1;
        logs += entry.count;
      }
    }
    if (options.dropBefore !== undefined) {
      lines.push(`dropped ${amount(batches, logs)}: older than ${new Date(dropBefore).toISOString()}\n`);
    }
    const { size } = queue;
    lines.push(`kept ${amount(size.batches, size.logs)}\n`);
  } finally {
    await queue.close();
    await writeText(io, lines);
  }
  if (failure !== undefined) throw failure;
  return ExitCode.DONE;
}

function describe({ first, until, lost }: Damage): string {
  const ids = until === undefined ? `from id ${first} on` : `ids ${first} to ${until - 1}`;
  return lost === undefined ? ids : `${ids}: ${amount(lost.batches, lost.logs)}`;
}

function amount(batches: number, logs: number): string {
  return `${batches} batches, ${logs} logs`;
}

/** A batch that cannot be written as text is reported and skipped. */
async function exportLines(folder: string, io: Io): Promise<number> {
  let isComplete = true;
  async function* toLines(): AsyncGenerator<string> {
    for await (const { waiting } of inspect(disk, folder)) {
      for (const entry of waiting) {
        try {
          yield* piecesOf(new LogBatch(entry.tag, entry.count, entry.raw), 'json');
        } catch (error) {
          if ((error as BoundaryLogError).code !== 'ERR_INVALID_BATCH') throw error;
          isComplete = false;
          io.stderr.write(`skipped id ${entry.id}, ${entry.count} logs: ${(error as Error).message}\n`);
        }
      }
    }
  }
  await writeText(io, toLines());
  return isComplete ? ExitCode.DONE : ExitCode.FAILED;
}
