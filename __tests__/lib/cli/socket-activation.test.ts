import { describe, expect, test } from '@jest/globals';
import { passedSocket } from '../../../lib/cli/socket-activation.js';

const PID = 42;
const MINE = { LISTEN_PID: '42', LISTEN_FDS: '1' };

describe('passedSocket', () => {
  test.each<[object, number | undefined]>([
    [{}, undefined],
    [{ LISTEN_FDNAMES: 'audit' }, undefined],
    [MINE, 3],
    [{ ...MINE, LISTEN_FDNAMES: 'audit' }, 3],
  ])('%j: descriptor %s', (env, fd) => {
    expect(passedSocket({ ...env }, PID)).toBe(fd);
  });

  test.each<[object, RegExp]>([
    [
      { LISTEN_FDS: '1' },
      /^LISTEN_PID: got undefined, expected 42, the process that runs serve: start it with exec/,
    ],
    [{ LISTEN_FDS: '1', LISTEN_PID: '41' }, /^LISTEN_PID: got "41", expected 42/],
    [{ LISTEN_FDS: '1', LISTEN_PID: '042' }, /^LISTEN_PID: got "042", expected 42/],
    [{ LISTEN_FDS: '1', LISTEN_PID: '' }, /^LISTEN_PID: got "", expected 42/],
    [{ LISTEN_PID: '42' }, /^LISTEN_FDS: got undefined, expected 1/],
    [{ ...MINE, LISTEN_FDS: '0' }, /^LISTEN_FDS: got "0", expected 1/],
    [
      { ...MINE, LISTEN_FDS: '2' },
      /^LISTEN_FDS: got "2", expected 1: the socket unit must have one ListenStream=/,
    ],
    [{ ...MINE, LISTEN_FDS: 'x' }, /^LISTEN_FDS: got "x", expected 1/],
  ])('%j is an error', (env, message) => {
    expect(() => passedSocket({ ...env }, PID)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });

  test.each([MINE, { ...MINE, LISTEN_FDS: '2' }, { LISTEN_FDS: '1' }])(
    '%j: no child sees the variables, whatever they were',
    (variables) => {
      const env = { ...variables, LISTEN_FDNAMES: 'audit', HOME: '/' };
      try {
        passedSocket(env, PID);
      } catch {
        // The error is tested above.
      }
      expect(env).toEqual({ HOME: '/' });
    },
  );
});
