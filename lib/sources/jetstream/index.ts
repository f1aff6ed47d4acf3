/// <reference types="node" preserve="true" />
/**
 * Takes boundary's audit logs from a stream of NATS JetStream, to which other proxies publish them. Its client,
 * `@nats-io/jetstream` and `@nats-io/transport-node`, has to be installed as well.
 *
 * ```ts
 * import { BoundaryLogProxy } from 'boundary-log-proxy';
 * import { JetStreamSource } from 'boundary-log-proxy/sources/jetstream';
 *
 * const proxy = new BoundaryLogProxy({ source: new JetStreamSource({ servers: 'nats://127.0.0.1:4222' }) });
 * await proxy.start();
 * await proxy.runForwarder({ report: (batch) => console.log(batch.request) }, { retry: {} });
 * ```
 *
 * @module boundary-log-proxy/sources/jetstream
 */
export type { NatsOptions } from '../../nats/nats-options.js';
export { JetStreamSource } from './jetstream-source.js';
export type { JetStreamSourceEvents } from './source-events.js';
export type { JetStreamSourceOptions } from './source-options.js';
