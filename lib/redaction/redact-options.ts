import type { OptionTable, ResolvedOptions } from '../options.js';
import { patternCheck } from './pattern.js';

/** Options of {@link UrlRedactor}. */
export interface RedactOptions {
  /** Names of parameters whose values are not removed, as they appear in the URL; case matters. Default: `[]`. */
  keep?: readonly string[] | undefined;
  /**
   * A regular expression in the syntax of RE2, for what else is removed from each URL. It takes linear time for every URL.
   * Default: nothing else.
   */
  pattern?: string | undefined;
}

/** Characters that cannot be in the name of a parameter. A name with one of them would never be kept. */
const NO_NAME = /[\p{Cc} #&/:;=?@\\]/u;

export const REDACT_OPTIONS = {
  keep: {
    expected: 'an array of names, each at least one character, without spaces and any of #&/:;=?@\\',
    accepts: (value) =>
      Array.isArray(value) &&
      value.every(
        (name) => typeof name === 'string' && name !== '' && name.isWellFormed() && !NO_NAME.test(name),
      ),
    default: [] as readonly string[],
    defaultDoc: '[]',
    doc: 'Names of parameters whose values are not removed, as they appear in the URL; case matters',
  },
  pattern: {
    ...patternCheck,
    defaultDoc: 'nothing else',
    doc: 'A regular expression in the syntax of RE2, for what else is removed from each URL',
  },
} satisfies OptionTable<RedactOptions>;

export type ResolvedRedactOptions = ResolvedOptions<RedactOptions, typeof REDACT_OPTIONS>;
