/** Nothing in these runs. */
const TYPES_ONLY = ['!codec/outcome.ts', '!lib/batch.ts', '!lib/forwarding/reporter.ts'];

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // Jest would leave one core to others. Many of the tests wait for processes of their own.
  maxWorkers: '100%',
  // Above the deadlines of what is waited for, which say what did not come.
  testTimeout: 20_000,
  // Those of interop/ need Go: `npm run test:interop`.
  testMatch: ['**/__tests__/**/*.test.ts', '!**/__tests__/interop/**'],
  extensionsToTreatAsEsm: ['.ts'],
  // Sources name their imports as they will be after the build: `./frame.js` is frame.ts here.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  coverageProvider: 'v8',
  collectCoverageFrom: [
    'codec/**/*.ts',
    'lib/**/*.ts',
    '!**/{generated,wasm}/**',
    '!**/*.d.ts',
    ...TYPES_ONLY,
  ],
  coverageThreshold: { global: { lines: 95, branches: 95 } },
};
