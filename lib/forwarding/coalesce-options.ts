import { isRecord } from '../../codec/argument.js';
import { checkOptions, type OptionCheck, type OptionTable, resolveOptions, wholeNumber } from '../options.js';

/** How batches are combined for a reporter that opts in. */
export interface CoalesceOptions {
  /** How many logs one report may contain, if it consists of several batches. Default: `1000`. */
  maxLogs?: number | undefined;
  /** How many bytes one report may contain, if it consists of several batches. Default: `1048576`. */
  maxBytes?: number | undefined;
}

export const COALESCE_OPTIONS = {
  maxLogs: {
    ...wholeNumber({ min: 1 }),
    default: 1000,
    doc: 'How many logs one report may contain, if it consists of several batches',
  },
  maxBytes: {
    ...wholeNumber({ min: 1 }),
    default: 2 ** 20,
    doc: 'How many bytes one report may contain, if it consists of several batches',
  },
} satisfies OptionTable<CoalesceOptions>;

const COALESCE: OptionCheck = {
  expected: 'an object of the limits of a combined report, or nothing',
  accepts: isRecord,
};

/** The property `coalesce` of a reporter, with its defaults. @throws ERR_INVALID_OPTION */
export function resolveCoalesce({ coalesce }: { readonly coalesce?: CoalesceOptions | undefined }) {
  checkOptions('Forwarder: reporter', { coalesce }, { coalesce: COALESCE });
  return coalesce && resolveOptions('Forwarder: reporter: coalesce', coalesce, COALESCE_OPTIONS);
}
