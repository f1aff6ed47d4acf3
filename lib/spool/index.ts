/// <reference types="node" preserve="true" />
/**
 * The buffer on disk that a proxy with the option `spool` uses.
 *
 * ```ts
 * import { SpoolBuffer } from 'boundary-log-proxy/spool';
 * ```
 *
 * @module boundary-log-proxy/spool
 */
export type { SpoolBufferEvents } from '../events.js';
export { SpoolBuffer } from './spool-buffer.js';
export type { SpoolBufferOptions } from './spool-options.js';
