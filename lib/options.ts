import { isCallable, isRecord } from '../codec/argument.js';
import { shown as shownValue } from '../codec/shown.js';
import { unknownName } from '../codec/unknown-name.js';
import { BoundaryLogError } from './errors.js';
import { type Logger, silent } from './logger.js';
import { quoted } from './printable.js';

/** The values that an option accepts, and the words for them in an error message. */
export interface OptionCheck {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  accepts(value: unknown): boolean;
}

/** A check of numbers, with the smallest and the largest one that it accepts. */
export interface RangeCheck extends OptionCheck {
  readonly min: number;
  readonly max: number;
}

/** Everything there is to know about one option. */
export interface OptionRow<Value = unknown> extends OptionCheck {
  /** What the option does. The tables in the documentation contain this text. */
  readonly doc: string;
  /** The value of an option that was left out. */
  readonly default?: Value;
  /** Creates the default, if each object needs a new one. */
  readonly makeDefault?: () => Value;
  /** The default in the documentation, if its value alone does not explain it, or if it depends on other options. */
  readonly defaultDoc?: string;
}

/** One row for each option of `Options`. */
export type OptionTable<Options> = {
  readonly [Name in keyof Required<Options>]: OptionRow<Options[Name]>;
};

/** Checks without defaults and documentation, for objects that are not public. */
export type OptionChecks<Options> = { readonly [Name in keyof Required<Options>]: OptionCheck };

/** The options of a table, each of them present if its row has a default. */
export type ResolvedOptions<Options, Table> = {
  readonly [Name in keyof Required<Options>]: Name extends keyof Table
    ? Table[Name] extends { readonly default: unknown } | { readonly makeDefault: unknown }
      ? Exclude<Options[Name], undefined>
      : Options[Name]
    : Options[Name];
};

/**
 * Checks options against their table and adds the defaults. An option that is `undefined` counts as left out, if the
 * table has it. What the table does not have is a mistake, whatever its value.
 *
 * @param owner Whose options these are. The error message starts with it.
 * @throws ERR_INVALID_OPTION for the first option that is unknown or has an unacceptable value.
 */
export function resolveOptions<Options extends object, Table extends OptionTable<Options>>(
  owner: string,
  options: Options,
  table: Table,
): ResolvedOptions<Options, Table> {
  checkOptions<Options>(owner, options, table);
  const resolved: Record<string, unknown> = {};
  for (const [name, row] of Object.entries<OptionRow>(table)) {
    const given = options[name as keyof Options];
    resolved[name] = given === undefined ? (row.makeDefault?.() ?? row.default) : given;
  }
  return resolved as ResolvedOptions<Options, Table>;
}

/**
 * Checks options without adding defaults.
 *
 * @param what What the names stand for, in the message about an unknown one.
 * @throws ERR_INVALID_OPTION for the first option that is unknown or has an unacceptable value.
 */
export function checkOptions<Options extends object>(
  owner: string,
  options: Options,
  checks: OptionChecks<Options>,
  what = 'option',
): void {
  if (!isRecord(options)) throw invalidOption(`${owner}: ${what}s`, options, `an object of ${what}s`);
  // Inherited ones count, too: options may have other options as their prototype.
  for (const name in options) {
    if (Object.hasOwn(checks, name)) continue;
    const message = `${owner}: ${unknownName(what, name, Object.keys(checks))}`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message);
  }
  for (const [name, check] of Object.entries<OptionCheck>(checks)) {
    const value = options[name as keyof Options];
    if (value !== undefined) checkArgument(owner, name, value, check);
  }
}

/**
 * Checks an argument that cannot be left out.
 *
 * @throws ERR_INVALID_OPTION
 */
export function checkArgument(owner: string, name: string, value: unknown, check: OptionCheck): void {
  if (!check.accepts(value)) throw invalidOption(`${owner}: ${name}`, value, check.expected);
}

/** The default of an option as the documentation shows it; empty if there is none. */
export function documentedDefault({ default: value, defaultDoc }: OptionRow): string {
  if (defaultDoc !== undefined) return defaultDoc;
  if (value === undefined) return '';
  return typeof value === 'string' ? `'${value}'` : String(value);
}

export function invalidOption(name: string, got: unknown, expected: string): BoundaryLogError {
  return new BoundaryLogError('ERR_INVALID_OPTION', `${name}: got ${shown(got)}, expected ${expected}`);
}

/** Any value in a form that is safe for an error message. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : shownValue(value);
}

/** The longest delay that a timer supports, in ms. */
export const MAX_WAIT_MS = 2 ** 31 - 1;

export function wholeNumber({
  min,
  max = Number.MAX_SAFE_INTEGER,
}: {
  min: number;
  max?: number;
}): RangeCheck {
  return {
    min,
    max,
    expected: `a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A duration in ms that a timer supports. */
export function milliseconds({ min }: { min: number }): RangeCheck {
  return wholeNumber({ min, max: MAX_WAIT_MS });
}

/** Accepts Infinity, and everything that another check accepts. */
export function orInfinity<Check extends OptionCheck>(check: Check): Check {
  return {
    ...check,
    expected: `${check.expected}, or Infinity`,
    accepts: (value) => value === Number.POSITIVE_INFINITY || check.accepts(value),
  };
}

export function oneOf(...values: readonly string[]): OptionCheck {
  return { expected: `one of ${values.join(', ')}`, accepts: (value) => values.includes(value as string) };
}

/** A string that is not empty. A path cannot contain NUL, and UTF-8 cannot contain a lone surrogate. */
export const text: OptionCheck = {
  expected: 'a text of at least one character, without NUL and lone surrogates',
  accepts: (value) =>
    typeof value === 'string' && value !== '' && !value.includes('\0') && value.isWellFormed(),
};

/** An object with the given methods. */
export function objectWith(...methods: readonly string[]): OptionCheck {
  return {
    expected: `an object with ${methods.join(', ')}`,
    accepts: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
  };
}

export const flag: OptionCheck = {
  expected: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

/** A function that can be called. A class cannot. */
export const callable: OptionCheck = { expected: 'a function', accepts: isCallable };

/** Accepts what any of the checks accepts. */
export function either(...checks: readonly OptionCheck[]): OptionCheck {
  return {
    expected: checks.map(({ expected }) => expected).join(', or '),
    accepts: (value) => checks.some((check) => check.accepts(value)),
  };
}

/** Accepts any value, for options that are checked elsewhere. */
export const anything: OptionCheck = { expected: 'anything', accepts: () => true };

/** The option `logger`, which is the same for all objects that log. */
export const LOGGER_OPTION = {
  ...objectWith('debug', 'info', 'warn', 'error'),
  default: silent as Logger,
  defaultDoc: 'silent',
  doc: 'A pino logger, or any object with its four methods',
};
