import { seed } from './seed.js';

/** The ways to cut a byte stream into chunks: name and function, for `describe.each`. */
export const cuts: [name: string, cut: (bytes: Buffer) => Buffer[]][] = [
  ['whole', (bytes) => [bytes]],
  ['one byte at a time', (bytes) => pieces(bytes, () => 1)],
  [`in random pieces (seed ${seed})`, randomPieces()],
];

/** Copies each piece into separate memory, so that no code can depend on the bytes beside it. */
function pieces(bytes: Buffer, nextLength: () => number): Buffer[] {
  const out: Buffer[] = [];
  for (let pos = 0; pos < bytes.length; ) {
    const length = nextLength();
    out.push(Buffer.from(bytes.subarray(pos, pos + length)));
    pos += length;
  }
  return out;
}

function randomPieces(): (bytes: Buffer) => Buffer[] {
  const next = random(seed);
  return (bytes) => pieces(bytes, () => 1 + Math.floor(next() ** 4 * 3000));
}

/** A small seeded generator (mulberry32) of numbers from 0 to 1. */
export function random(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
