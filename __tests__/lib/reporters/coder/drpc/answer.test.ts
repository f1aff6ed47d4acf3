import { describe, expect, test } from '@jest/globals';
import { AnswerDecoder } from '../../../../../lib/reporters/coder/drpc/answer.js';
import { CLOSE, encodeUnaryCall } from '../../../../../lib/reporters/coder/drpc/encode.js';
import { cuts } from '../../../../helpers/cuts.js';
import { drpcFrame, errorData, readDrpc } from '../../../../helpers/naive-agent-wire.js';
import { thrown } from '../../../../helpers/thrown.js';

type Answer = ReturnType<AnswerDecoder['decode']>;

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const METHOD = '/coder.agent.v2.Agent/ReportBoundaryLogs';

test('a call is encoded as invoke, message and close-send, and finished with close', () => {
  const request = Buffer.from('request');
  expect(encodeUnaryCall(METHOD, request)).toEqual(
    Buffer.concat([hex('03010128'), Buffer.from(METHOD), hex('05010207'), request, hex('0d010300')]),
  );
  expect(CLOSE).toEqual(hex('0b010400'));
});

test.each([
  [0, [0]],
  [65_536, [65_536]],
  [65_537, [65_536, 1]],
  [200_000, [65_536, 65_536, 65_536, 3392]],
])('a message of %d bytes is sent in frames of %j', (length, lengths) => {
  const request = Buffer.from(Array.from({ length }, (_, i) => i % 251));
  const frames = readDrpc(encodeUnaryCall(METHOD, request)).filter(({ kind }) => kind === 2);
  expect(frames.map(({ data }) => data.length)).toEqual(lengths);
  expect(frames.map(({ done }) => done)).toEqual(lengths.map((_, i) => i === lengths.length - 1));
  expect(new Set(frames.map(({ stream, message }) => `${stream}.${message}`))).toEqual(new Set(['1.2']));
  expect(Buffer.concat(frames.map(({ data }) => data))).toEqual(request);
});

const ANSWERS: [what: string, bytes: Buffer, answer: Answer][] = [
  ['an empty message', hex('05010100 0d010200'), { kind: 'message', data: Buffer.alloc(0) }],
  ['unimplemented', hex('07010109 000000000000000c 78'), { kind: 'error', code: 12n, text: 'x' }],
  [
    'a text that is not ASCII',
    drpcFrame({ kind: 3, message: 1, data: errorData(0, 'zu groß') }),
    { kind: 'error', code: 0n, text: 'zu groß' },
  ],
  [
    'an error that is too short for a code',
    hex('07010107 736f727279 2121'),
    { kind: 'error', code: 0n, text: 'sorry!!' },
  ],
  ['cancel', hex('09010100'), { kind: 'end', how: 'cancelled the call' }],
  ['close', hex('0b010100'), { kind: 'end', how: 'closed the call without an answer' }],
  ['close-send', hex('0d010100'), { kind: 'end', how: 'ended the call without an answer' }],
  [
    'a message after a control packet',
    hex('ff01010131 05010200'),
    { kind: 'message', data: Buffer.alloc(0) },
  ],
  ['half of an answer', hex('050101'), undefined],
];

describe.each(cuts)('%s', (_name, cut) => {
  test.each(ANSWERS)('%s', (_what, bytes, answer) => {
    const decoder = new AnswerDecoder();
    let found: Answer;
    for (const piece of cut(bytes)) found ??= decoder.decode(piece);
    expect(found).toEqual(answer);
  });
});

test.each([
  ['an invoke', '03010100'],
  ['an unknown kind', '7d010100'],
  ['the message of another call', '05020100'],
])('%s is not an answer', (_what, bytes) => {
  expect(thrown(() => new AnswerDecoder().decode(hex(bytes)))).toMatchObject({
    code: 'ERR_PROTOCOL_VIOLATION',
  });
});
