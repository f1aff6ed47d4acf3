import { expect, test } from '@jest/globals';
import { TextBuffer } from '../../../lib/text/text-buffer.js';

test('what was appended is taken once, in order', () => {
  const buffer = new TextBuffer();
  buffer.append('a');
  buffer.append('ü😀\n');
  expect(buffer.length).toBe(8);
  expect(buffer.take().toString()).toBe('aü😀\n');
  expect(buffer.length).toBe(0);
  expect(buffer.take()).toHaveLength(0);
});

test('what was reserved may be written, and counts when the end has moved', () => {
  const buffer = new TextBuffer();
  buffer.append('a');
  buffer.reserve(2);
  buffer.bytes[buffer.end] = 0x62;
  buffer.bytes[buffer.end + 1] = 0x63;
  expect(buffer.length).toBe(1);
  buffer.end += 2;
  expect(buffer.take().toString()).toBe('abc');
});

test('what was taken stays as it is, also beyond the memory that there is', () => {
  const buffer = new TextBuffer();
  const texts = Array.from({ length: 30 }, (_, i) => String.fromCharCode(0x61 + i).repeat(100_000));
  const taken = texts.map((text) => {
    buffer.append(text.slice(0, 10));
    buffer.append(text.slice(10));
    return buffer.take();
  });
  expect(taken.map((bytes) => bytes.toString()).join() === texts.join()).toBe(true);
});

test('what is longer than the memory that there is has room, too, which is not kept', () => {
  const buffer = new TextBuffer();
  buffer.append('a');
  const long = 'x'.repeat(3_000_000);
  buffer.append(long);
  expect(buffer.take().toString() === `a${long}`).toBe(true);
  expect(buffer.bytes).toHaveLength(0);
  buffer.append('b');
  expect(buffer.take().toString()).toBe('b');
});

test('memory that nobody keeps is used again, unless there is something new in it', () => {
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
