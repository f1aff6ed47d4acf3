import { expect, test } from '@jest/globals';
import { programLogger } from '../../../lib/cli/program-logger.js';
import { world } from '../../helpers/world.js';

test.each<[where: string, isTTY: boolean, level: 'info' | 'warn', reason: string, isShown: boolean]>([
  ['a terminal', true, 'info', 'shutdown', false],
  ['a terminal', true, 'warn', 'shutdown', true],
  ['a terminal', true, 'info', 'idle', true],
  ['a file', false, 'info', 'shutdown', true],
  ['a file', false, 'warn', 'shutdown', true],
])('to %s (terminal: %s), the line of a session (%s, %s): shown: %s', (_, isTTY, level, reason, isShown) => {
  const { io } = world({ isTTY });
  const logger = programLogger('info', io);
  logger[level]({ session: 'a', verdict: 'complete, 0–19', reason }, 'session ended');
  logger.info({}, 'afterwards');
  expect(io.stderr.text.includes('session ended')).toBe(isShown);
  expect(io.stderr.text).toContain('afterwards');
});
