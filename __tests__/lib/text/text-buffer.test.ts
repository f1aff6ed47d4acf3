import { expect, test } from '@jest/globals';
import { TextBuffer } from '../../../lib/text/text-buffer.js';

test('take() returns appended text once, in order', () => {
  const buffer = new TextBuffer();
  buffer.append('a');
  buffer.append('ü😀\n');
  expect(buffer.length).toBe(8);
  expect(buffer.take().toString()).toBe('aü😀\n');
  expect(buffer.length).toBe(0);
  expect(buffer.take()).toHaveLength(0);
});

test('reserved bytes may be written, and count once the end has moved', () => {
  const buffer = new TextBuffer();
  buffer.append('a');
  buffer.reserve(2);
  buffer.bytes[buffer.end] = 0x62;
  buffer.bytes[buffer.end + 1] = 0x63;
  expect(buffer.length).toBe(1);
  buffer.end += 2;
  expect(buffer.take().toString()).toBe('abc');
});

test('text that take() returned is never changed, even if there is more text than memory', () => {
  const buffer = new TextBuffer();
  const texts = Array.from({ length: 30 }, (_, i) => String.fromCharCode(0x61 + i).repeat(100_000));
  const taken = texts.map((text) => {
    buffer.append(text.slice(0, 10));
    buffer.append(text.slice(10));
    return buffer.take();
  });
  expect(taken.map((bytes) => bytes.toString()).join() === texts.join()).toBe(true);
});

test('text that is longer than the memory has room, and its memory is not kept', () => {
  const buffer = new TextBuffer();
  buffer.append('a');
  const long = 'x'.repeat(3_000_000);
  buffer.append(long);
  expect(buffer.take().toString() === `a${long}`).toBe(true);
  expect(buffer.bytes).toHaveLength(0);
  buffer.append('b');
  expect(buffer.take().toString()).toBe('b');
});

test('reuse() allows memory to be overwritten, unless it contains new text', () => {
  const buffer = new TextBuffer();
  buffer.append('a');
  const first = buffer.take();
  buffer.reuse();
  buffer.append('b');
  expect(first.toString()).toBe('b');
  buffer.reuse();
  buffer.append('c');
  expect(buffer.take().toString()).toBe('bc');
});

test('a long text that arrives line by line is copied only a few times', () => {
  const buffer = new TextBuffer();
  const memories = new Set<ArrayBufferLike>();
  for (let i = 0; i < 40_000; i++) {
    buffer.append('x'.repeat(99));
    memories.add(buffer.bytes.buffer);
  }
  expect(memories.size).toBeLessThan(6);
  expect(buffer.take()).toHaveLength(40_000 * 99);
});

test('truncate() removes the end of the text', () => {
  const buffer = new TextBuffer();
  buffer.append('taken');
  buffer.take();
  buffer.append('ab');
  buffer.append('c'.repeat(2 ** 20));
  buffer.truncate(1);
  buffer.append('d');
  expect(buffer.take().toString()).toBe('ad');
});
