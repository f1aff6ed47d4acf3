/// <reference types="node" preserve="true" />
/**
 * Reports boundary's audit logs to Coder.
 *
 * ```ts
 * import { BoundaryLogProxy } from 'boundary-log-proxy';
 * import { CoderReporter } from 'boundary-log-proxy/reporters/coder';
 *
 * const proxy = new BoundaryLogProxy();
 * const reporter = new CoderReporter({ url: 'https://coder.example.com', token: () => readToken() });
 * await proxy.start();
 * await proxy.runForwarder(reporter, { retry: {} });
 * ```
 *
 * @module boundary-log-proxy/reporters/coder
 */
export { CoderReporter } from './coder-reporter.js';
export type { CoderReporterOptions } from './options.js';
