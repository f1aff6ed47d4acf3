/// <reference types="node" preserve="true" />
/**
 * Publishes boundary's audit logs to a stream of NATS JetStream. Its client, `@nats-io/jetstream` and
 * `@nats-io/transport-node`, has to be installed as well.
 *
 * ```ts
 * import { BoundaryLogProxy } from 'boundary-log-proxy';
 * import { JetStreamReporter } from 'boundary-log-proxy/reporters/jetstream';
 *
 * const proxy = new BoundaryLogProxy();
 * const reporter = new JetStreamReporter({ servers: 'nats://127.0.0.1:4222' });
 * await proxy.start();
 * await proxy.runForwarder(reporter, { retry: {}, concurrency: 64 });
 * ```
 *
 * @module boundary-log-proxy/reporters/jetstream
 */
export type { NatsOptions, StreamOptions } from '../../nats/nats-options.js';
export { JetStreamReporter } from './jetstream-reporter.js';
export type { JetStreamReporterOptions } from './options.js';
