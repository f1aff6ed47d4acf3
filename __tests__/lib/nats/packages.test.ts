import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { NATS_PACKAGES } from '../../../lib/nats/packages.js';

test('what the message of a missing package installs are the peer dependencies, in their ranges', () => {
  const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const ranges = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range}`);
  expect(ranges).toEqual(expect.arrayContaining([...NATS_PACKAGES]));
  expect(ranges.filter((range) => range.startsWith('@nats-io/')).sort()).toEqual([...NATS_PACKAGES].sort());
});
