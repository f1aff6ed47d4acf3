import { expect, test } from '@jest/globals';
import { cellsOf } from '../../../lib/text/cells.js';

test.each<[text: string, cells: number]>([
  ['', 0],
  ['https://example.com/', 20],
  ['ü', 1],
  ['…', 1],
  ['␣', 1],
  ['日本', 4],
  ['ひらがな', 8],
  ['한국', 4],
  ['ＡＢ', 4],
  ['ｱｲ', 2],
  ['、。', 4],
  ['😀', 2],
  ['⌚', 2],
  ['☀', 1],
  ['𠀀', 2],
  ['🈁', 2],
  ['a日b', 4],
])('%j takes %d cells', (text, cells) => {
  expect(cellsOf(text)).toBe(cells);
});
