import type { NumberedBatch } from '../../lib/sessions/session.js';

/** A batch with these numbers. Like the codec, it says whether they are consecutive. */
export function numbered(sessionId: string, numbers: readonly number[], allowed = 0): NumberedBatch {
  const [first = -1] = numbers;
  const isRun = first >= 0 && numbers.every((number, i) => number === first + i);
  return { sessionId, count: numbers.length, allowed, firstNumber: isRun ? first : -1, numbers };
}

/** The numbers from `first` to `last`, inclusive. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
