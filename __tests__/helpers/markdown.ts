import { expect } from '@jest/globals';
import { documentedDefault, type OptionRow } from '../../lib/options.js';

/** The cells of the first table after `start`, which is a heading or the beginning of the table's head. */
export function tableAfter(markdown: string, start: string): string[][] {
  const from = markdown.indexOf(start);
  expect(from).toBeGreaterThan(-1);
  const rows: string[][] = [];
  for (const line of markdown.slice(from).split('\n')) {
    if (line.startsWith('|')) rows.push(cellsOf(line));
    else if (rows.length > 0) break;
  }
  return rows.slice(2);
}

/** A cell that consists of code loses its backticks. */
function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'));
}

/** How a table of options must be documented: name, default, and what the option does. */
export function documentedOptions(table: Readonly<Record<string, OptionRow>>): string[][] {
  return Object.entries(table).map(([name, row]) => [name, documentedDefault(row), row.doc]);
}
