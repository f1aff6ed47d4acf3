import type { Logger } from '../logger.js';
import {
  checkArgument,
  flag,
  LOGGER_OPTION,
  type OptionTable,
  objectWith,
  oneOf,
  type ResolvedOptions,
  resolveOptions,
  text,
  wholeNumber,
} from '../options.js';
import type { Disk } from './disk.js';

/** Options of `SpoolBuffer`, and the option `spool` of a proxy. */
export interface SpoolBufferOptions {
  /** Folder of the spool; it is created, with mode 0700, if it does not exist. */
  folder: string;
  /**
   * How many bytes of disk the spool uses, headers included; to within one segment, a sixteenth of it, at most 8 MiB.
   * Default: 256 MiB.
   */
  maxBytes?: number | undefined;
  /** Whether batches also survive a power failure; each is synced (fdatasync) as soon as it is stored. Default: `false`. */
  sync?: boolean | undefined;
}

export const SPOOL_OPTIONS = {
  folder: { ...text, doc: 'Folder of the spool; it is created, with mode 0700, if it does not exist' },
  maxBytes: {
    ...wholeNumber({ min: 1 }),
    default: 256 * 2 ** 20,
    defaultDoc: '256 MiB',
    doc: 'How many bytes of disk the spool uses, headers included',
  },
  sync: { ...flag, default: false, doc: 'Whether batches also survive a power failure' },
} satisfies OptionTable<SpoolBufferOptions>;

/** @throws ERR_INVALID_OPTION for these options, and for the other arguments of a SpoolBuffer. */
export function resolveSpoolOptions(
  options: SpoolBufferOptions,
  overflow: 'drop' | 'block',
  logger: Logger,
  disk: Disk,
): ResolvedOptions<SpoolBufferOptions, typeof SPOOL_OPTIONS> {
  const resolved = resolveOptions('spool', options, SPOOL_OPTIONS);
  checkArgument('spool', 'folder', options.folder, text);
  checkArgument('spool', 'overflow', overflow, oneOf('drop', 'block'));
  checkArgument('spool', 'logger', logger, LOGGER_OPTION);
  checkArgument('spool', 'disk', disk, objectWith('makeFolder', 'lock', 'wait'));
  return resolved;
}
