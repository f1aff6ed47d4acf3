import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { RecordInput } from '../../../lib/cli/record-input.js';
import { fillSpool, numberedBatches, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { world } from '../../helpers/world.js';

const path = tempPaths();

async function read(files: string[], given: Parameters<typeof world>[0] = {}) {
  const { io } = world(given);
  const input = new RecordInput(files, io);
  const events: (number | undefined)[] = [];
  const places: object[] = [];
  for await (const record of input.records()) {
    places.push(record.place);
    if (record.kind === 'event') events.push(record.event.sequence_number);
  }
  return { events, places, errors: io.stderr.text, hasLoss: input.hasLoss };
}

const file = (text: string | Buffer) => {
  const name = path();
  writeFileSync(name, text);
  return name;
};
const lines = (...numbers: number[]) =>
  numbers.map((n) => `{"decision":"deny","sequence_number":${n}}\n`).join('');

test('files, a spool and stdin, in the order of the arguments', async () => {
  const folder = path();
  await fillSpool(folder, numberedBatches(2, 3));
  const found = await read([file(lines(100)), folder, '-', file(lines(300))], {
    input: Buffer.from(lines(200)),
  });
  expect(found).toMatchObject({ events: [100, ...upTo(6), 200, 300], errors: '', hasLoss: false });
  expect(found.places.slice(3, 5)).toEqual([
    { file: folder, id: 0 },
    { file: folder, id: 1 },
  ]);
  expect(found.places.at(-2)).toEqual({ file: '-', line: 1 });
});

test('stdin, if there are no files', async () => {
  expect((await read([], { input: Buffer.from(lines(1)) })).events).toEqual([1]);
});

test('a spool that is damaged', async () => {
  const folder = path();
  await fillSpool(folder, numberedBatches(3, 2));
  const log = join(folder, `${'0'.repeat(16)}.log`);
  const bytes = readFileSync(log);
  bytes[100] = (bytes[100] as number) ^ 1;
  writeFileSync(log, bytes);
  const { errors, ...found } = await read([folder]);
  expect(found).toMatchObject({ events: [2, 3, 4, 5], hasLoss: true });
  expect(errors).toBe(`${folder}, batch 0: the spool is damaged from here on: 1 batches are missing\n`);
});

test('shows the first faults of a file, and how many more there are', async () => {
  const name = file('x\n'.repeat(25) + lines(1));
  const { events, errors, hasLoss } = await read([name, file(`y\n${lines(2)}`)]);
  expect([events, hasLoss]).toEqual([[1, 2], true]);
  const shown = errors.trimEnd().split('\n');
  expect(shown).toHaveLength(12);
  expect(shown[0]).toBe(`${name}, line 1: it is neither JSON nor logfmt: "x"`);
  expect(shown[10]).toBe(`${name}: 15 more like these`);
  expect(shown[11]).toContain('line 1: it is neither JSON nor logfmt: "y"');
});

test('a note is not a loss', async () => {
  const name = file('{"msg":"listening"}\n');
  const { errors, hasLoss } = await read([name]);
  expect([errors, hasLoss]).toEqual([`${name}: none of its 1 lines is an event of boundary\n`, false]);
});

test.each<[string, () => string[], string]>([
  ['a file that does not exist', () => [file(''), path()], 'it does not exist'],
  ['stdin twice', () => ['-', '-'], 'a pipe only once'],
])('%s is rejected before anything is read', async (_what, files, message) => {
  const { io } = world();
  expect(() => new RecordInput(files(), io)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(message) }),
  );
});

test('a folder that is not a spool, and a file of another kind, are rejected', async () => {
  const folder = path();
  await fillSpool(folder, []);
  await expect(read([join(folder, '..')])).rejects.toMatchObject({
    ...{ code: 'ERR_INVALID_OPTION', message: expect.stringContaining('but not that of a spool') },
  });
  await expect(read([file(Buffer.from('1f8b08', 'hex'))])).rejects.toMatchObject({
    ...{ code: 'ERR_INVALID_OPTION', message: expect.stringContaining('a gzip file') },
  });
});

test('an error while reading names the file', async () => {
  // The kernel does not read the first page of the memory of a process.
  await expect(read([file(lines(1)), '/proc/self/mem'])).rejects.toMatchObject({
    ...{ code: 'EIO', message: expect.stringMatching(/^\/proc\/self\/mem cannot be read: /) },
  });
});

test('a terminal is not read, unless somebody asks for it', () => {
  const { io } = world();
  Object.assign(io.stdin, { isTTY: true });
  expect(() => new RecordInput([], io)).toThrow('FILE: got undefined, expected a file');
  expect(() => new RecordInput(['-'], io)).not.toThrow();
});
