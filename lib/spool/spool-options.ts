import type { Logger } from '../logger.js';
import {
  checkOptions,
  flag,
  invalidOption,
  type OptionChecks,
  type OptionTable,
  objectWith,
  text,
  wholeNumber,
} from '../options.js';
import type { Size } from './record.js';

/** Options of {@link SpoolBuffer}. */
export interface SpoolBufferOptions {
  /** Where the batches are kept. Made, with mode 0700, where it is missing. */
  folder: string;
  /** How many bytes of batches it holds. Default 256 MiB. */
  maxBytes?: number | undefined;
  /** Whether a batch is in only once the disk has it (fsync): it then survives a power cut, too. Default false. */
  sync?: boolean | undefined;
}

export interface SpoolOptions {
  /**
   * Whether a write waits until the disk has it (fsync): what was accepted then survives a power cut, too, not
   * only the end of the process. Writes that wait share one. Default false.
   */
  sync?: boolean | undefined;
  /** Told of damage and of losses. Default: nobody is. */
  logger?: Logger | undefined;
  /** Told what is gone of what nobody has read, when a store that was opened anew does not have it any more. */
  onLoss?: ((lost: Readonly<Size>) => void) | undefined;
}

const BUFFER_OPTIONS = {
  folder: { ...text, doc: 'Folder of the spool; it is created, with mode 0700, if it does not exist' },
  maxBytes: {
    ...wholeNumber({ min: 1 }),
    default: 256 * 2 ** 20,
    defaultDoc: '256 MiB',
    doc: 'How many bytes of batches the spool holds',
  },
  sync: { ...flag, default: false, doc: 'Whether batches also survive a power failure' },
} satisfies OptionTable<SpoolBufferOptions>;

const OPTIONS: OptionChecks<{ folder: string } & SpoolOptions> = {
  folder: text,
  sync: flag,
  logger: objectWith('info', 'error'),
  onLoss: { expected: 'a function', accepts: (value) => typeof value === 'function' },
};

/** @throws ERR_INVALID_OPTION */
export function checkSpoolBufferOptions(options: SpoolBufferOptions): void {
  checkOptions('spool', options, BUFFER_OPTIONS);
  if (options.folder === undefined) throw invalidOption('spool: folder', undefined, text.expected);
}

/** @throws ERR_INVALID_OPTION */
export function checkSpoolOptions(folder: string, options: SpoolOptions): void {
  checkOptions('Spool', { folder, ...options }, OPTIONS);
}
