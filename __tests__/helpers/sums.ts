import type { LogBatch } from '../../codec/index.js';

/** What a batch says of itself without decoding its logs. */
export function summedUp({ sessionId, allowed, firstNumber, numbers }: LogBatch): object {
  return { sessionId, allowed, firstNumber, numbers };
}

/** The same, from the decoded logs. */
export function decodedSum({ request }: LogBatch): object {
  const numbers = request.logs.map(({ sequenceNumber }) => sequenceNumber ?? 0);
  const [first = -1] = numbers;
  const isRun = first >= 0 && numbers.every((number, i) => number === first + i);
  return {
    sessionId: request.sessionId ?? '',
    allowed: request.logs.filter(({ allowed }) => allowed).length,
    firstNumber: isRun ? first : -1,
    numbers,
  };
}
