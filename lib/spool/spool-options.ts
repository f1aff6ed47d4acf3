import { checkOptions, invalidOption, type OptionTable, text, wholeNumber } from '../options.js';

export interface SpoolBufferOptions {
  /** Where the batches are kept. Made, with mode 0700, where it is missing. */
  folder: string;
  /** How many bytes of batches it holds. Default 256 MiB. */
  maxBytes?: number | undefined;
  /** Whether a batch is in only once the disk has it (fsync): it then survives a power cut, too. Default false. */
  sync?: boolean | undefined;
}

const OPTIONS: OptionTable<SpoolBufferOptions> = {
  folder: text,
  maxBytes: wholeNumber({ min: 1 }),
  sync: { takes: 'true or false', accepts: (value) => typeof value === 'boolean' },
};

/** @throws ERR_INVALID_OPTION */
export function checkSpoolOptions(options: SpoolBufferOptions): void {
  checkOptions('spool', options, OPTIONS);
  if (options.folder === undefined) throw invalidOption('spool: folder', undefined, text.takes);
}
