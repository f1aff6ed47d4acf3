import { BoundaryLogError } from '../../errors.js';
import {
  text as anyText,
  flag,
  invalidOption,
  type OptionCheck,
  oneOf as oneOfCheck,
  type RangeCheck,
} from '../../options.js';
import {
  type Address,
  address as addressParser,
  byteSize as byteSizeParser,
  consoleAddress as consoleAddressParser,
  count,
  fileMode as fileModeParser,
  hostName,
  NAMED_REPORTERS,
  numberOf,
  reporterNames,
  seconds as secondsParser,
  socketOf,
} from '../arguments.js';
import { joinedHosts } from '../nats-address.js';

/** The part of JSON Schema (draft 7) that describes one value of the file. */
export type Schema = Readonly<Record<string, unknown>>;

/**
 * The values of an option, which have the same texts wherever it is set.
 *
 * This includes the file: the text as written counts, not the value that YAML would give it. Therefore `0660` is
 * the same in YAML 1.1 and 1.2, `null` is the reporter of that name, and `off` does not turn into `false`.
 */
export interface Kind<T> {
  /**
   * @param name What was set, as the user wrote it.
   * @throws ERR_INVALID_OPTION
   */
  parse(name: string, texts: readonly string[]): T;
  /** What an editor accepts in the file. It may accept more than `parse`, but not less. */
  readonly schema: Schema;
  /** Whether it has several values: repeated as a flag, a list in the file, separated by commas in a variable. */
  readonly isList?: true;
}

/** The smallest and the largest number that is accepted. */
type Range = Readonly<Pick<RangeCheck, 'min' | 'max'>>;

/** A kind with one value, from a parser of arguments. If a flag is repeated, the last one counts. */
function single<T>(parser: (name: string) => (text: string) => T, schema: Schema): Kind<T> {
  return { parse: (name, texts) => parser(name)(texts.at(-1) ?? ''), schema };
}

/** Texts that satisfy a check, and are values as they are. */
function checked(check: OptionCheck, schema: Schema): Kind<string> {
  const parser = (name: string) => (text: string) => {
    if (!check.accepts(text)) throw invalidOption(name, text, check.expected);
    return text;
  };
  return single(parser, schema);
}

export const toggle: Kind<boolean> = single(
  (name) => (text) => {
    if (text !== 'true' && text !== 'false') throw invalidOption(name, text, flag.expected);
    return text === 'true';
  },
  { type: 'boolean' },
);

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  // To an editor, a plain `null` is not a text.
  const readings = values.some((value) => value === 'null') ? [...values, null] : values;
  return checked(oneOfCheck(...values), { enum: readings }) as Kind<T>;
}

/** Words that are meant as a switch, and what only a shell replaces. As a path, each would be a new file somewhere. */
const NOT_A_PATH = /^(true|false|yes|no|on|off|null|~|~\/.*)$/i;

/** The path of a file or folder. */
export function path({ expected, accepts }: OptionCheck = anyText): Kind<string> {
  const check = {
    expected: `${expected}; not a word such as true or off, and not ~, which only a shell replaces`,
    accepts: (value: unknown) => accepts(value) && !NOT_A_PATH.test(value as string),
  };
  return checked(check, { type: ['string', 'number'] });
}

/** A text that satisfies a check. */
export function text(check: OptionCheck): Kind<string> {
  return checked(check, { type: ['string', 'number'] });
}

/** A URL. One that is not acceptable is not shown, because it may contain a password. */
export function url({ expected, accepts }: OptionCheck): Kind<string> {
  const parser = (name: string) => (value: string) => {
    if (accepts(value)) return value;
    const message = `${name}: got a value that is not shown here, expected ${expected}`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message);
  };
  return single(parser, { type: 'string', pattern: '^[hH][tT][tT][pP][sS]?:' });
}

export function whole({ min, max }: Range): Kind<number> {
  return single(
    (name) => count(name, { min, max }),
    orText({ type: 'integer', ...bounds({ min, max }) }, '^\\d+$'),
  );
}

/** A whole number, or `off`. */
export function wholeOrOff({ min, max }: Range): Kind<number> {
  const schema = { type: 'integer', ...bounds({ min, max }) };
  return single((name) => count(name, { min, max, orOff: true }), orText(schema, '^(\\d+|off)$'));
}

/** A number with decimals that satisfies a check. */
export function decimal(check: OptionCheck, schema: Schema): Kind<number> {
  return single((name) => numberOf(name, check), orText({ type: 'number', ...schema }, '^\\d+(\\.\\d+)?$'));
}

/** A number of seconds, or `off`. */
export const timeLimit: Kind<number> = wholeOrOff({ min: 1, max: 86_400 });

/** A number of seconds with at most three decimals. @param range In ms. */
export function seconds(range: Range): Kind<number> {
  const inSeconds = { min: range.min / 1000, max: range.max / 1000 };
  const schema = { type: 'number', ...bounds(inSeconds) };
  return single((name) => secondsParser(name, inSeconds), orText(schema, '^\\d+(\\.\\d{1,3})?$'));
}

/** A number of bytes, with or without a unit. */
export const byteSize: Kind<number> = single(
  byteSizeParser,
  orText({ type: 'integer', minimum: 1 }, '^\\d+(B|KiB|MiB|GiB)?$'),
);

/** Permissions in octal. An editor that knows YAML 1.2 reads `0660` as the number 660. */
export const fileMode: Kind<number> = single(fileModeParser, orText({ type: 'integer' }, '^[0-7]{3,4}$'));

export const address: Kind<Address | 'off'> = single(addressParser, {
  type: 'string',
  pattern: '^(off|(\\[[0-9a-fA-F:.]+\\]|[^:\\s/]+):\\d{1,5})$',
});

/** Where the console listens, if it does. */
export const consoleAddress: Kind<Address | 'off'> = single(consoleAddressParser, {
  anyOf: [
    { type: 'boolean' },
    { type: 'string', pattern: '^(on|off|(\\[[0-9a-fA-F:.]+\\]|[^:\\s/]+):\\d{1,5})$' },
  ],
});

export const hosts: Kind<readonly string[]> = {
  parse: (name, texts) => texts.map(hostName(name)),
  schema: { type: 'string' },
  isList: true,
};

export const reporters: Kind<readonly string[]> = {
  parse: (name, texts) =>
    joinedHosts(texts, (text) => NAMED_REPORTERS.includes(text) || socketOf(text) !== undefined).reduce<
      readonly string[]
    >((before, reporter) => reporterNames(name)(reporter, before), []),
  schema: {
    // To an editor, a plain `null` is not a text.
    anyOf: [{ enum: [...NAMED_REPORTERS, null] }, { type: 'string', pattern: '^(socket:|nats://|tls://).' }],
  },
  isList: true,
};

/** Names separated by commas, also in one text. */
export function names({ expected, accepts }: OptionCheck): Kind<readonly string[]> {
  return {
    parse: (name, texts) => {
      const list = texts.flatMap((text) => text.split(','));
      if (!accepts(list)) throw invalidOption(name, texts.join(','), expected);
      return list;
    },
    schema: { type: ['string', 'number'] },
    isList: true,
  };
}

function bounds({ min, max }: Range): Schema {
  return { minimum: min, ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }) };
}

/** A number, or a text that may also stand in quotes. */
function orText(schema: Schema, pattern: string): Schema {
  return { anyOf: [schema, { type: 'string', pattern }] };
}
