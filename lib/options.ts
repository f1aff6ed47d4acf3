import { BoundaryLogError } from './errors.js';

/** What one option takes: a test, and the words for it in the error. */
export interface OptionCheck {
  readonly takes: string;
  accepts(value: unknown): boolean;
}

/** A check for each option of `T`. */
export type OptionTable<T> = { readonly [K in keyof Required<T>]: OptionCheck };

/**
 * Holds options against their table. One that is `undefined` is one that was left out.
 *
 * @throws ERR_INVALID_OPTION naming the option, what it got, and what it takes.
 */
export function checkOptions<T extends object>(owner: string, options: T, table: OptionTable<T>): void {
  for (const [name, check] of Object.entries<OptionCheck>(table)) {
    const value = options[name as keyof T];
    if (value !== undefined && !check.accepts(value))
      throw invalidOption(`${owner}: ${name}`, value, check.takes);
  }
}

export function invalidOption(name: string, got: unknown, takes: string): BoundaryLogError {
  return new BoundaryLogError('ERR_INVALID_OPTION', `${name}: got ${shown(got)}, takes ${takes}`);
}

/** Any value as it may stand in a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** The longest wait that a timer takes, in ms. */
export const MAX_WAIT_MS = 2 ** 31 - 1;

export function wholeNumber({
  min,
  max = Number.MAX_SAFE_INTEGER,
}: {
  min: number;
  max?: number;
}): OptionCheck {
  return {
    takes: `a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

export function oneOf(...values: readonly string[]): OptionCheck {
  return { takes: `one of ${values.join(', ')}`, accepts: (value) => values.includes(value as string) };
}

/** A string with something in it, and no NUL, which no path can hold, nor half a character, as no UTF-8 can. */
export const text: OptionCheck = {
  takes: 'a text of at least one character, without NUL and lone surrogates',
  accepts: (value) =>
    typeof value === 'string' && value !== '' && !value.includes('\0') && value.isWellFormed(),
};

/** An object with the given methods. */
export function objectWith(...methods: readonly string[]): OptionCheck {
  return {
    takes: `an object with ${methods.join(', ')}`,
    accepts: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
  };
}

export const flag: OptionCheck = {
  takes: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

/** Checked by whoever uses it. */
export const anything: OptionCheck = { takes: 'anything', accepts: () => true };
