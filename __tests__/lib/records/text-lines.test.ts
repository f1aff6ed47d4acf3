import { describe, expect, test } from '@jest/globals';
import { type Line, linesOf } from '../../../lib/records/text-lines.js';
import { cuts } from '../../helpers/cuts.js';

async function split(chunks: Buffer[], maxLength = 10): Promise<Line[]> {
  async function* source() {
    yield* chunks;
  }
  const lines: Line[] = [];
  for await (const line of linesOf(source(), maxLength)) lines.push(line);
  return lines;
}

describe.each(cuts)('%s', (_name, cut) => {
  test.each<[string, string, (string | undefined)[]]>([
    ['nothing', '', []],
    ['one line', 'a\n', ['a']],
    ['without a final line end', 'a\nb', ['a', 'b']],
    ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
    ['blank lines', '\n\na\n \n', ['', '', 'a', ' ']],
    ['a byte order mark', '\ufeffa\nb\n', ['a', 'b']],
    ['only a byte order mark', '\ufeff', []],
    ['two bytes', 'a\n', ['a']],
    ['characters of several bytes', 'ü日😀\nß', ['ü日😀', 'ß']],
    [
      'a line of the longest length',
      `${'x'.repeat(10)}\r\n${'y'.repeat(10)}`,
      ['x'.repeat(10), 'y'.repeat(10)],
    ],
    [
      'lines that are too long',
      `${'x'.repeat(11)}\nb\n${'y'.repeat(5000)}\nc`,
      [undefined, 'b', undefined, 'c'],
    ],
    ['a last line that is too long', `a\n${'x'.repeat(11)}`, ['a', undefined]],
  ])('%s', async (_what, text, lines) => {
    const isCut = !text.endsWith('\n');
    expect(await split(cut(Buffer.from(text)))).toEqual(
      lines.map((line, i) => ({ number: i + 1, text: line, hasEnd: !(isCut && i === lines.length - 1) })),
    );
  });

  test.each(['fffe', 'feff'])('UTF-16 is refused (%s)', async (mark) => {
    const bytes = Buffer.from(`${mark}7b007d00`, 'hex');
    await expect(split(cut(bytes))).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('UTF-16 text: convert it with iconv -f UTF-16 -t UTF-8'),
    });
  });
});
