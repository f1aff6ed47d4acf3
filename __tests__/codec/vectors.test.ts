import { describe, expect, test } from '@jest/globals';
import { boundaryProtocol, decodeFrame, FrameDecoder, type Outcome } from '../../codec/index.js';
import { cuts } from '../helpers/cuts.js';
import { described, expected, requestHex, vectors } from '../helpers/vectors.js';

/** Decodes one byte stream, given in pieces, with the whole codec. */
function run(pieces: Buffer[]): { outcomes: Outcome[]; decoder: FrameDecoder } {
  const decoder = new FrameDecoder();
  const items = pieces.flatMap((piece) => decoder.decode(piece));
  const fault = decoder.end();
  if (fault !== undefined) items.push(fault);
  return { outcomes: items.map((item) => decodeFrame(boundaryProtocol, item)), decoder };
}

test('there are 138 vectors', () => {
  expect(vectors).toHaveLength(138);
});

describe.each(cuts)('%s', (_name, cut) => {
  test.each(vectors)('$name is decoded as recorded', (vector) => {
    const { outcomes, decoder } = run(cut(vector.bytes));
    expect(outcomes.map(described)).toEqual(vector.outcomes.map(expected));
    expect(decoder.bytesConsumed).toBe(vector.consumed);
    expect(outcomes.at(-1)?.kind === 'close').toBe(vector.end === 'close');
  });
});

test.each(vectors)('the requests of $name are decoded as recorded', ({ bytes, outcomes }) => {
  const requests = run([bytes]).outcomes.flatMap((outcome) =>
    outcome.kind === 'logs' ? [outcome.request] : [],
  );
  const recorded = outcomes.filter(({ kind }) => kind === 'logs');
  expect(requests.map(requestHex)).toEqual(recorded.map(({ hex }) => hex));
  expect(requests.map((request) => request.logs.map(plain))).toEqual(recorded.map(({ logs }) => logs));
});

/** A decoded log in the form of the vectors. */
function plain(log: ReturnType<typeof requestLogs>[number]) {
  const { time, httpRequest } = log;
  return expect.objectContaining({
    allowed: log.allowed ?? false,
    time: time ? { seconds: String(time.seconds ?? 0), nanos: time.nanos ?? 0 } : null,
    http_request: httpRequest
      ? expect.objectContaining({
          method: httpRequest.method ?? '',
          url: httpRequest.url ?? '',
          matched_rule: httpRequest.matchedRule ?? '',
        })
      : null,
    sequence_number: log.sequenceNumber ?? 0,
  });
}

function requestLogs(outcome: Extract<Outcome, { kind: 'logs' }>) {
  return outcome.request.logs;
}
