import base from '../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/__tests__/interop/*.test.ts'],
  testTimeout: 120_000,
};
