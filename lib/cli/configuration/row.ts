import type { OptionRow } from '../../options.js';
import type { Kind } from './kinds.js';
import type { Need } from './needs.js';

/** One option of `serve`: what its flag, its variable, its key in the file, the help and the docs are made from. */
export interface Row<T = unknown> {
  /** What the option does, as `--help` and the tables in the documentation say it. */
  readonly doc: string;
  /** What the key in the file says, if the flag says the opposite. */
  readonly keyDoc?: string;
  /** Which texts are values of it. */
  readonly kind: Kind<T>;
  /** The placeholder of its value in `--help`. A switch has none. */
  readonly takes?: string;
  /** What the flag means without a value. Default: it needs one. */
  readonly alone?: string;
  /** The value of an option that nobody has set. */
  readonly default?: T;
  /** The default in the documentation, if it is not the value as a text. */
  readonly shownDefault?: string;
  /** Without which other options it has no effect, so that setting it is a mistake. */
  readonly needs?: readonly Need[];
  /** A variable that other programs read, too. It counts if the variable with the prefix is not set. */
  readonly sharedVariable?: string;
  /** Variables that win over the file because they say the same in another way. */
  readonly overriddenBy?: readonly string[];
  /** Whether only the file can set it, because few people need it. */
  readonly isFileOnly?: true;
}

export type Table = Readonly<Record<string, Row>>;

/** The values of all options of a table. One without a default may be undefined. */
export type Values<Rows> = {
  -readonly [Name in keyof Rows]: Rows[Name] extends { readonly kind: Kind<infer T> }
    ? Rows[Name] extends { readonly default: unknown }
      ? T
      : T | undefined
    : never;
};

/** The prefix of all variables of this program. */
export const PREFIX = 'BOUNDARY_LOG_PROXY_';

/** An option's name in the file, such as `spool-sync` for `spoolSync`. */
export function keyOf(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function variableOf(option: string): string {
  return `${PREFIX}${keyOf(option).replaceAll('-', '_').toUpperCase()}`;
}

/** The flag that sets an option to a value other than its default: `--spool-sync`, but `--no-retry`. */
export function flagOf(option: string, row: Row): string {
  return `--${row.default === true ? 'no-' : ''}${keyOf(option)}`;
}

/** The default as the documentation shows it; empty for a switch and for an option without one. */
export function defaultOf({ default: value, shownDefault }: Row): string {
  if (shownDefault !== undefined) return shownDefault;
  return value === undefined || typeof value === 'boolean' ? '' : String(value);
}

/** The text of an option of the library, as `--help` writes it. */
export function helpOf({ doc }: OptionRow): string {
  const plain = doc.replace(/^Whether to /, '').replaceAll('`', '');
  return /^[A-Z][a-z]/.test(plain) ? plain[0]?.toLowerCase() + plain.slice(1) : plain;
}
