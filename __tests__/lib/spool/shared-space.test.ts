import { expect, test } from '@jest/globals';
import { SharedSpace } from '../../../lib/spool/shared-space.js';
import { random } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';

const MIB = 1 << 20;

/** Tenants that use the given numbers of bytes. */
function tenants(maxBytes: number, used: number[], occupied = () => 0) {
  const admitted: number[] = [];
  const space = new SharedSpace(maxBytes, used.length, occupied);
  const shares = used.map((_, i) =>
    space.join({ claimed: () => used[i] as number, admit: () => admitted.push(i) }),
  );
  return { used, admitted, shares, limits: () => shares.map(({ limit }) => limit()) };
}

test.each<[string, number, number[], number[]]>([
  ['a single one has all of it', 256, [0], [256]],
  ['two have all but what is reserved for the other one', 256, [0, 0], [224, 224]],
  ['what one does not use is for the other one', 256, [224, 0], [224, 32]],
  ['if both need it, none has more than is there', 256, [128, 128], [128, 128]],
  ['of four, each has a sixteenth for itself', 256, [208, 0, 0, 0], [208, 16, 16, 16]],
])('%s', (_what, maxBytes, used, limits) => {
  const { shares, ...found } = tenants(
    maxBytes * MIB,
    used.map((n) => n * MIB),
  );
  expect(found.limits().map((n) => n / MIB)).toEqual(limits);
  const [{ most } = { most: 0 }] = shares;
  expect(most / MIB).toBe(maxBytes - ((used.length - 1) * maxBytes) / used.length / 4);
});

test.each([
  [256, 100, [124, 124]],
  [256, 300, [1, 1]],
  [4, 300, [0.5, 0.5]],
])(
  'of %i MiB, %i MiB are in use besides: each can use at least 1 MiB, or what is reserved',
  (maxBytes, occupied, expected) => {
    const { limits } = tenants(maxBytes * MIB, [0, 0], () => occupied * MIB);
    expect(limits().map((n) => n / MIB)).toEqual(expected);
  },
);

test('a tenant that frees space lets all others check again', () => {
  const { shares, admitted } = tenants(MIB, [0, 0, 0]);
  shares[1]?.freed();
  expect(admitted).toEqual([0, 2]);
});

test(`whoever grows and shrinks at random, the limit holds, and each can have what is reserved for it (seed ${seed})`, () => {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  for (let round = 0; round < 200; round++) {
    const [n, maxBytes] = [1 + below(5), 1000 + below(10_000)];
    const { used, limits } = tenants(maxBytes, Array(n).fill(0));
    const reserved = Math.floor(maxBytes / n / 4);
    let [least, most] = [maxBytes, 0];
    for (let step = 0; step < 200; step++) {
      const i = below(n);
      const limit = limits()[i] as number;
      least = Math.min(least, limit);
      if (next() < 0.7) used[i] = Math.max(used[i] as number, Math.floor(next() * limit));
      else used[i] = below((used[i] as number) + 1);
      most = Math.max(
        most,
        used.reduce((sum, bytes) => sum + bytes),
      );
    }
    expect(least).toBeGreaterThanOrEqual(reserved);
    expect(most).toBeLessThanOrEqual(maxBytes);
  }
});
