import type * as node from 'node:stream';
import * as readable from 'readable-stream';

/*
 * The stream classes come from readable-stream, so that they behave the same on every version of Node. Their types
 * are Node's own, so that they fit wherever Node's streams fit.
 */
export const Readable = readable.Readable as unknown as typeof node.Readable;
export const Writable = readable.Writable as unknown as typeof node.Writable;
export const Duplex = readable.Duplex as unknown as typeof node.Duplex;
export const Transform = readable.Transform as unknown as typeof node.Transform;
export const PassThrough = readable.PassThrough as unknown as typeof node.PassThrough;

export type { TransformCallback } from 'node:stream';
export type Callback = (error?: Error | null) => void;
