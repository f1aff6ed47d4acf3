/// <reference types="node" preserve="true" />
/**
 * A source of batches: the consumer of a NATS JetStream stream.
 *
 * @module boundary-log-proxy/sources/jetstream
 */
export { JetStreamSource } from './jetstream-source.js';
export type { JetStreamSourceEvents } from './source-events.js';
export type { JetStreamSourceOptions } from './source-options.js';
