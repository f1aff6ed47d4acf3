import { availableParallelism } from 'node:os';

/** These files contain types only, so there is nothing to cover. */
const TYPES_ONLY = [
  '!codec/outcome.ts',
  '!lib/events.ts',
  '!lib/forwarding/reporter.ts',
  '!lib/reporters/text-output.ts',
  '!lib/server/listener/listener.ts',
  '!lib/streams/typed-stream.ts',
  '!lib/telemetry/metrics-source.ts',
  '!lib/console/messages.ts',
];

/** These files run in a browser, where the tests of the page use them. */
const OF_BROWSERS = ['!lib/console/page/{connection,link,model}.ts'];

/** @type {import('jest').Config} */
export default {
  testEnvironment: './__tests__/helpers/environment.js',
  testSequencer: './__tests__/helpers/sequencer.js',
  // More than there are cores: many tests only wait for the processes that they started.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // Longer than the deadlines in the tests, whose errors say what did not happen.
  testTimeout: 20_000,
  // The tests in interop/ need Go: `npm run test:interop`.
  testMatch: ['**/__tests__/**/*.test.ts', '!**/__tests__/interop/**'],
  extensionsToTreatAsEsm: ['.ts'],
  // Sources import each other by the names that they have after the build: `./frame.js` is frame.ts here.
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
  // It takes a third of the time of all tests, so only .ci/run asks for it.
  collectCoverage: process.env.COVERAGE === '1',
  coverageProvider: 'v8',
  collectCoverageFrom: [
    'codec/**/*.ts',
    'lib/**/*.ts',
    '!**/{generated,wasm}/**',
    '!**/*.d.ts',
    ...TYPES_ONLY,
    ...OF_BROWSERS,
  ],
  coverageThreshold: { global: { lines: 95, branches: 95 } },
};
