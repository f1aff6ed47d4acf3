import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

/*
 * `write()` of lib/text/wasm/text.ts copies 32 characters, whatever the length of the literal, and makes one
 * byte of each. A longer literal, or one that is not ASCII, would be written wrongly, and the compiler does
 * not notice it.
 */
const MAX_LENGTH = 32;

const FOLDER = fileURLToPath(new URL('../../../../lib/text/wasm/', import.meta.url));
const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

/** The string literals of a source, unescaped, without those that name a module. */
function literalsIn(source: string): string[] {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/.*|(\bfrom\s*|\bimport\s*)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;
  const escaped = /\\(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})|[\s\S])/gi;
  return [...source.matchAll(token)]
    .filter(([text, from]) => !text.startsWith('/') && from === undefined)
    .map(([, , ...quoted]) => quoted.find((literal) => literal !== undefined) as string)
    .map((literal) =>
      literal.replaceAll(escaped, (_, ...codes: (string | undefined)[]) => {
        const code = codes.slice(0, 3).find((digits) => digits !== undefined);
        return code === undefined ? '.' : String.fromCodePoint(Number.parseInt(code, 16));
      }),
    );
}

/** The literals that `write()` cannot copy. */
function unwritable(source: string): string[] {
  return literalsIn(source).filter((literal) => literal.length > MAX_LENGTH || /[^\t\n\r -~]/.test(literal));
}

const long = (length: number) => 'x'.repeat(length);

describe('the scanner', () => {
  test.each<[name: string, source: string, found: string[]]>([
    ['accepts 32 characters', `write(at, '${long(32)}')`, []],
    ['finds 33 characters', `write(at, '${long(33)}')`, [long(33)]],
    ['finds them in double quotes', `write(at, "${long(33)}")`, [long(33)]],
    ['finds them in a template', `write(at, \`${long(33)}\`)`, [long(33)]],
    ['finds them in an inner call', `write(write(at, '${long(33)}'), 'y')`, [long(33)]],
    ['finds them in a condition', `at = write(at, a ? 'y' : '${long(33)}')`, [long(33)]],
    ['finds them in a constant', `const name = '${long(33)}';`, [long(33)]],
    ['finds them behind a quote of the other kind', `write(at, '"'); write(at, '${long(33)}')`, [long(33)]],
    ['counts an escape as one character', `write(at, '${'\\n'.repeat(32)}')`, []],
    ['counts an escaped quote as one character', `write(at, '\\'${long(31)}')`, []],
    ['finds what is not ASCII', `write(at, 'ü')`, ['ü']],
    ['finds what is not ASCII as an escape', `write(at, '\\u00fc\\xfc\\u{1f600}')`, ['üü😀']],
    ['ignores the names of modules', `import { a } from './${long(40)}';\nimport '${long(40)}';`, []],
    ['ignores comments', `// '${long(40)}'\n/* "${long(40)}"\n */`, []],
  ])('%s', (_name, source, found) => {
    expect(unwritable(source)).toEqual(found);
  });
});

test('the sources contain literals', () => {
  expect(FILES).toEqual(expect.arrayContaining(['generated/lines.ts', 'text.ts']));
  const literals = FILES.flatMap((file) => literalsIn(readFileSync(join(FOLDER, file), 'utf8')));
  expect(literals).toEqual(expect.arrayContaining([',"http_url":"', '}.']));
});

test.each(FILES)('write() can copy each literal in lib/text/wasm/%s', (file) => {
  expect(unwritable(readFileSync(join(FOLDER, file), 'utf8'))).toEqual([]);
});
