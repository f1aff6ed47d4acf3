import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { command } from '../../helpers/command.js';
import { logsFrame } from '../../helpers/messages.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();

/** Runs a command to its end. */
async function run(args: string[], input?: Buffer) {
  const { code, bytes, errors } = await command(args, input);
  return { status: code, stdout: String(bytes), stderr: errors };
}

const frame = logsFrame(1);
/** A frame that is skipped, and a header that nothing can follow. */
const REJECTED = Buffer.from([2, 0, 0, 1, 0xff]);
const UNKNOWN_TAG = Buffer.from([9, 0, 0, 1, 0]);

describe('decode reports what is wrong with a capture, with frame and byte, and exits with 1', () => {
  const at = frame.length;
  test.each<[string, Buffer[], string, object]>([
    ['a frame that is not valid', [frame, REJECTED, frame], 'skip: ERR_INVALID_PROTOBUF', { kind: 'skip' }],
    ['an unknown tag', [frame, UNKNOWN_TAG], 'close: ERR_UNSUPPORTED_TAG', { kind: 'close' }],
    [
      'an end inside a payload',
      [frame, frame.subarray(0, 9)],
      'skip: ERR_TRUNCATED_PAYLOAD',
      { kind: 'skip' },
    ],
    ['an end inside a header', [frame, frame.subarray(0, 3)], 'skip: ERR_TRUNCATED_HEADER', { kind: 'skip' }],
    ['an end behind a header', [frame, frame.subarray(0, 4)], 'cut: the capture ended', { kind: 'cut' }],
  ])('%s', async (_what, parts, message, outcome) => {
    const input = Buffer.concat(parts);
    const events = parts.filter((part) => part === frame).length;
    const text = await run(['decode'], input);
    expect(text.stderr).toMatch(new RegExp(`^${message}.* \\(frame 2, at byte ${at}\\)\n$`));
    expect([text.status, text.stdout.split('\n').length - 1]).toEqual([1, events]);
    const outcomes = await run(['decode', '--outcomes'], input);
    const lines = outcomes.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[1]).toMatchObject({ ...outcome, frame: 2, offset: at });
    expect([outcomes.status, outcomes.stderr]).toEqual([1, '']);
  });

  test('a capture that is sound exits with 0', async () => {
    expect(await run(['decode'], Buffer.concat([frame, frame]))).toMatchObject({ status: 0, stderr: '' });
    expect(await run(['decode'], Buffer.alloc(0))).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

describe('files of other kinds: decode says what the file looks like', () => {
  const pcap = Buffer.from('d4c3b2a1020004000000000000000000', 'hex');
  test.each<[string, Buffer, string]>([
    ['gzip', gzipSync(frame), 'a gzip file: decompress it first'],
    ['ELF', Buffer.from('\x7fELF\x02\x01\x01'), 'a program (ELF)'],
    ['pcap', pcap, 'a recording of network packets (pcap), not of a Unix socket'],
    ['JSON', Buffer.from('{"decision":"deny"}\n'), 'JSON: send and encode read events as lines of JSON'],
    ['JSON with a mark', Buffer.from('\ufeff{}'), 'JSON: send and encode read events as lines of JSON'],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'UTF-16 text: convert it with iconv -f UTF-16 -t UTF-8'],
    ['UTF-16 without a mark', Buffer.from('{}', 'utf16le'), 'UTF-16 text: convert it'],
    ['UTF-16 in big-endian order', Buffer.from('{}', 'utf16le').swap16(), 'UTF-16 text: convert it'],
    ['a spool', Buffer.from('BLR\x01\x00\x00'), 'a segment of a spool: use spool DIR --export'],
    ['text', Buffer.from('hello\n'), 'text'],
  ])('%s', async (_kind, bytes, message) => {
    const { status, stdout, stderr } = await run(['decode'], bytes);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`this is not a capture. It looks like ${message}`);
  });

  test.each<[string, string, Buffer, string]>([
    ['send', 'gzip', gzipSync(frame), 'a gzip file: decompress it first'],
    ['send', 'UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'UTF-16 text: convert it'],
    ['send', 'UTF-16 without a mark', Buffer.from('{}', 'utf16le'), 'UTF-16 text: convert it'],
    ['encode', 'ELF', Buffer.from('\x7fELF\x02\x01\x01'), 'a program (ELF)'],
  ])('%s refuses %s', async (name, _kind, bytes, message) => {
    const { status, stderr } = await run([name], bytes);
    expect(status).toBe(2);
    expect(stderr).toContain(
      `error: ERR_INVALID_OPTION: the input has to be lines of JSON in UTF-8, but it is ${message}`,
    );
  });
});

describe.each(['decode', 'encode', 'replay'])('%s of something that cannot be read', (name) => {
  test.each<[string, () => string, string]>([
    ['a folder', () => '/', 'it is a folder'],
    ['no file', () => path(), 'it does not exist'],
    [
      'a file below a file',
      () => {
        const file = path();
        writeFileSync(file, '');
        return `${file}/x`;
      },
      'ENOTDIR',
    ],
  ])('%s: one message, exit code 2', async (_what, file, why) => {
    const { status, stderr } = await run([name, file()]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^error: ERR_INVALID_OPTION: FILE: got .*, expected a file that can be read: .*\n$/,
      ),
    ]);
    expect(stderr).toContain(why);
  });
});
