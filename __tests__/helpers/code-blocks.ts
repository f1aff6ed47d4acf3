import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the project. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The pages that users read, as paths from the root. */
export const PAGES = ['README.md', ...filesIn('docs', /\.md$/)];

/** A fenced block of code. */
export interface CodeBlock {
  /** Path from the root. */
  file: string;
  /** The line of its first line of code, from 1. */
  line: number;
  /** What stands after the opening fence, such as `ts`. */
  language: string;
  code: string;
}

/** Paths, from the root, of the files of a folder whose names match. */
export function filesIn(folder: string, name: RegExp, recursive = false): string[] {
  return readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => name.test(file))
    .sort();
}

/** The fenced blocks of a page, or of the doc comments of a source. */
export function blocksOf(file: string): CodeBlock[] {
  const isPage = file.endsWith('.md');
  const blocks: CodeBlock[] = [];
  let open: CodeBlock | undefined;
  readFileSync(join(ROOT, file), 'utf8')
    .split('\n')
    .forEach((whole, i) => {
      const line = isPage ? whole : whole.replace(/^\s*\* ?/, '');
      if (!isPage && line === whole) return;
      const fence = /^```(\S*)/.exec(line);
      if (fence !== null && open === undefined) {
        open = { file, line: i + 2, language: fence[1] ?? '', code: '' };
      } else if (fence !== null) {
        blocks.push(open as CodeBlock);
        open = undefined;
      } else if (open !== undefined) {
        open.code += `${line}\n`;
      }
    });
  return blocks;
}
