import { checkOptions, flag, invalidOption, type OptionTable, oneOf, text, wholeNumber } from '../options.js';

/** Options of `SpoolBuffer`, and the option `spool` of a proxy. */
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

const OPTIONS = {
  folder: { ...text, doc: 'Folder of the spool; it is created, with mode 0700, if it does not exist' },
  maxBytes: {
    ...wholeNumber({ min: 1 }),
    default: 256 * 2 ** 20,
    defaultDoc: '256 MiB',
    doc: 'How many bytes of disk the spool uses, headers included',
  },
  sync: { ...flag, default: false, doc: 'Whether batches also survive a power failure' },
} satisfies OptionTable<SpoolBufferOptions>;

/** @throws ERR_INVALID_OPTION */
export function checkSpoolBufferOptions(options: SpoolBufferOptions, overflow: 'drop' | 'block'): void {
  checkOptions('spool', options, OPTIONS);
  if (options.folder === undefined) throw invalidOption('spool: folder', undefined, text.expected);
  checkOptions('spool', { overflow }, { overflow: oneOf('drop', 'block') });
}
