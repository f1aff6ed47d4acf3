import { checkOptions, flag, invalidOption, type OptionTable, text, wholeNumber } from '../options.js';

export interface SpoolBufferOptions {
  /** Where the batches are kept. Created, with mode 0700, if it is missing. */
  folder: string;
  /**
   * How many bytes of disk it uses, headers included, to within one segment (a sixteenth, at most 8 MiB). Default 256
   * MiB.
   */
  maxBytes?: number | undefined;
  /** Whether a batch survives a power failure too (fdatasync), as soon as it is stored. Default false. */
  sync?: boolean | undefined;
}

const OPTIONS: OptionTable<SpoolBufferOptions> = {
  folder: text,
  maxBytes: wholeNumber({ min: 1 }),
  sync: flag,
};

/** @throws ERR_INVALID_OPTION */
export function checkSpoolBufferOptions(options: SpoolBufferOptions): void {
  checkOptions('spool', options, OPTIONS);
  if (options.folder === undefined) throw invalidOption('spool: folder', undefined, text.takes);
}
