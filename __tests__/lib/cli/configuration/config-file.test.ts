import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { readConfigFile } from '../../../../lib/cli/configuration/config-file.js';
import { tempPaths } from '../../../helpers/temp.js';

const path = tempPaths();

function fileWith(content: string | Uint8Array): string {
  const file = path();
  writeFileSync(file, content);
  return file;
}

test.each<[string, string | Uint8Array, string]>([
  ['text', 'buffer: 1\n', 'buffer: 1\n'],
  ['a byte order mark, which is removed', '\ufeffbuffer: 1\n', 'buffer: 1\n'],
  ['CRLF', 'buffer: 1\r\n', 'buffer: 1\r\n'],
  ['letters of all kinds', '# Größe 日本\n', '# Größe 日本\n'],
  ['only a comment', '#', '#'],
  ['as much as is allowed', `#${' '.repeat(65_535)}`, `#${' '.repeat(65_535)}`],
])('a file with %s', async (_what, content, expected) => {
  expect(await readConfigFile('--config', fileWith(content))).toEqual({ text: expected, warnings: [] });
});

test('a pipe', async () => {
  const pipe = path();
  execFileSync('mkfifo', [pipe]);
  const read = readConfigFile('--config', pipe);
  const writer = await open(pipe, 'w');
  await writer.write('buffer: 1');
  await writer.write('00\n');
  await writer.close();
  expect(await read).toEqual({ text: 'buffer: 100\n', warnings: [] });
});

test.each([
  [0o666, true],
  [0o602, true],
  [0o664, false],
  [0o444, false],
])('with the permissions %o, there is a warning that everybody can change it: %s', async (mode, isWarned) => {
  const file = fileWith('buffer: 1');
  chmodSync(file, mode);
  const { warnings } = await readConfigFile('--config', file);
  expect(warnings).toEqual(
    isWarned ? [`every user can change the options in ${file}: chmod o-w ${file}`] : [],
  );
});

const UTF16 = Buffer.from('\ufeffbuffer: 1', 'utf16le');

test.each<[string, () => string, RegExp]>([
  ['missing', path, /cannot be read \((Error: )?ENOENT: no such file or directory, open /],
  ['in a folder that does not exist', () => `${path()}/x`, /cannot be read \((Error: )?ENOENT/],
  ['below a file', () => `${fileWith('x')}/x`, /cannot be read \((Error: )?ENOTDIR/],
  [
    'a folder',
    () => {
      const folder = path();
      mkdirSync(folder);
      return folder;
    },
    /is a folder$/,
  ],
  [
    'a link to itself',
    () => {
      const link = path();
      symlinkSync(link, link);
      return link;
    },
    /cannot be read \((Error: )?ELOOP/,
  ],
  ['a name that is too long', () => `/${'x'.repeat(300)}`, /cannot be read \((Error: )?ENAMETOOLONG/],
  ['a name with NUL', () => 'a\0b', /cannot be read \(/],
  ['empty', () => fileWith(''), /is empty: for the defaults alone, leave a comment in it$/],
  ['blank', () => fileWith('\ufeff \r\n\n'), /is empty/],
  ['one byte too large', () => fileWith('#'.repeat(65_537)), /has more than 64 KiB$/],
  [
    '1 GB of nothing',
    () => {
      const file = fileWith('');
      truncateSync(file, 1e9);
      return file;
    },
    /has more than 64 KiB$/,
  ],
  ['without an end', () => '/dev/zero', /has more than 64 KiB$/],
  ['UTF-16', () => fileWith(UTF16), /is UTF-16: save it as UTF-8$/],
  [
    'UTF-16 with the other byte order',
    () => fileWith(Buffer.from(UTF16).swap16()),
    /is UTF-16: save it as UTF-8$/,
  ],
  ['Latin-1', () => fileWith(Buffer.from('# Größe', 'latin1')), /is not a text in UTF-8$/],
  ['compressed', () => fileWith(Buffer.from('1f8b0800000000000003', 'hex')), /is not a text in UTF-8$/],
])('a file that is %s is rejected', async (_what, file, message) => {
  const reading = readConfigFile('BOUNDARY_LOG_PROXY_CONFIG', file());
  await expect(reading).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringMatching(/^BOUNDARY_LOG_PROXY_CONFIG: the file /),
  });
  await expect(reading).rejects.toThrow(message);
});

test('an error that may pass is not wrong usage, so a service starts again', async () => {
  // Reading it fails with EIO, as a disk or a network file system may.
  const file = path();
  symlinkSync('/proc/self/mem', file);
  await expect(readConfigFile('--config', file)).rejects.toMatchObject({
    code: 'EIO',
    message: expect.stringMatching(/^--config: the file \/\S+ cannot be read \(.*EIO/),
  });
});
