/// <reference types="node" preserve="true" />
/**
 * Reports boundary's audit logs to OpenTelemetry.
 *
 * ```ts
 * import { BoundaryLogProxy } from 'boundary-log-proxy';
 * import { OtlpReporter, otlpOptionsOf } from 'boundary-log-proxy/reporters/otlp';
 *
 * const proxy = new BoundaryLogProxy();
 * const reporter = new OtlpReporter(otlpOptionsOf().options);
 * await reporter.load();
 * await proxy.start();
 * await proxy.runForwarder(reporter, { concurrency: 256, retry: { timeoutMs: Infinity } });
 * ```
 *
 * @module boundary-log-proxy/reporters/otlp
 */
export { type OtlpEnvironment, otlpOptionsOf } from './environment.js';
export type { OtlpProtocol, OtlpReporterOptions, OtlpTls } from './options.js';
export { OtlpReporter } from './otlp-reporter.js';
