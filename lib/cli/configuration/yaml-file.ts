import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  Parser,
  type YAMLError,
} from 'yaml';
import { token } from '../../printable.js';
import { type Entry, type Read, unknown } from './entry.js';
import { keyOf, type Table } from './row.js';

/** A document that contains a map of lists has four levels. */
const MAX_DEPTH = 8;

/** The messages of the package contain parts of the file, which may be a secret. */
const SYNTAX_ERRORS: Readonly<Partial<Record<string, string>>> = {
  TAB_AS_INDENT: 'a tab cannot indent a line: use spaces',
  BAD_INDENT: 'the indentation is wrong, or a bracket is missing',
  MISSING_CHAR: 'a colon, a comma, a quote or a space is missing',
  BLOCK_AS_IMPLICIT_KEY:
    'a second colon: put a value with a colon and a space into quotes, one key on each line',
  BAD_SCALAR_START: 'a value that begins with this character needs quotes',
  MULTILINE_IMPLICIT_KEY: 'a key and its colon must be on one line',
  UNEXPECTED_TOKEN: 'this is not allowed here',
};

/**
 * Reads the text of a file: a map from the names of options to texts, numbers, booleans, or lists of them. Nothing else of
 * YAML is accepted. No object with the names of the file is ever made, and no message contains a value.
 *
 * @param file Its path, for the messages.
 */
export function readYaml(text: string, file: string, table: Table): Read {
  const lines = new LineCounter();
  const at = (offset: number) => `${token(file)}:${lines.linePos(offset).line}`;
  const failed = (offset: number, what: string): Read => ({
    entries: [],
    problems: [`${at(offset)}: ${what}`],
  });

  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  // Composing is recursive. Two hundred thousand brackets would end the process.
  const deep = tooDeep(tokens);
  if (deep !== undefined) return failed(deep, 'lists and maps inside each other are not accepted');
  const options = { uniqueKeys: false, prettyErrors: false, logLevel: 'silent', merge: false } as const;
  const [document, second] = [...new Composer(options).compose(tokens)];
  if (document === undefined) return { entries: [], problems: [] };
  const [error] = document.errors;
  if (error !== undefined) return failed(error.pos[0], syntaxError(error));
  if (second !== undefined) return failed(second.range[0], 'a second document: put all options into one');
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.source === ''))
    return { entries: [], problems: [] };
  if (!isMap(contents)) {
    return failed(
      contents.range?.[0] ?? 0,
      'expected a name, a colon and a value on each line, such as "buffer: 100"',
    );
  }
  return readMap(contents.items, at, table);
}

function readMap(pairs: readonly Pair[], at: (offset: number) => string, table: Table): Read {
  const entries: Entry[] = [];
  const problems: string[] = [];
  const options = new Map(Object.keys(table).map((option) => [keyOf(option), option]));
  const seen = new Map<string, string>();
  for (const { key, value } of pairs) {
    const where = at(offsetOf(key) ?? offsetOf(value) ?? 0);
    const name = isScalar(key) ? String(key.source ?? key.value) : undefined;
    if (name === undefined) {
      problems.push(`${where}: expected the name of an option before the colon`);
      continue;
    }
    const option = options.get(name);
    const before = seen.get(name);
    seen.set(name, where);
    if (option === undefined) problems.push(`${where}: ${unknown('option', name, [...options.keys()])}`);
    else if (before !== undefined) problems.push(`${where}: ${name} is also in ${before}`);
    else {
      const texts = textsOf(value, table[option]?.kind.isList === true);
      if (typeof texts === 'string') problems.push(`${where}: ${name}: ${texts}`);
      else {
        const sentence = `${name}: ${texts.map(token).join(', ')} in ${where}`;
        entries.push({ option, texts, source: 'file', name: `${where}: ${name}`, sentence });
      }
    }
  }
  return { entries, problems };
}

/** The texts of a value, or what is wrong with it. */
function textsOf(value: unknown, isList: boolean): readonly string[] | string {
  if (isSeq(value)) {
    if (!isList) return 'expected one value, not a list';
    if (value.items.length === 0) return 'the list is empty: remove this key, or add a value';
    const texts = value.items.map((item) => textOf(item));
    return texts.every((text) => text !== undefined) ? texts : 'expected a list of texts';
  }
  if (isAlias(value)) return 'aliases are not accepted: write the value here';
  if (value === null || (isScalar(value) && value.type === 'PLAIN' && value.source === ''))
    return 'there is no value: remove this key, or add one';
  const text = textOf(value);
  return text === undefined ? 'expected a text, a number, true or false' : [text];
}

/** A scalar as it was written. Its quotes and its indentation do not count. */
function textOf(value: unknown): string | undefined {
  if (!isScalar(value) || value.tag !== undefined) return undefined;
  // A text on a line of its own ends with a line feed.
  if (value.type?.startsWith('BLOCK')) return String(value.value).trimEnd();
  if (typeof value.value === 'string') return value.value;
  return value.source === '' ? undefined : value.source;
}

function offsetOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0];
}

function syntaxError({ code }: YAMLError): string {
  return `this is not valid YAML: ${SYNTAX_ERRORS[code] ?? code}`;
}

/** Where something begins that is too deep for this purpose. */
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  const left: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 1 }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    const inside: (CST.Token | null | undefined)[] = [];
    if ('value' in token) inside.push(token.value);
    if ('items' in token) for (const { key, value } of token.items) inside.push(key, value);
    for (const child of inside) if (child) left.push({ token: child, depth: depth + 1 });
  }
  return undefined;
}
