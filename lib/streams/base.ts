import type * as node from 'node:stream';
import * as readable from 'readable-stream';
import type { TypedDuplex, TypedReadable, TypedTransform, TypedWritable } from './typed-stream.js';

/*
 * The stream classes come from readable-stream, so that they behave the same on every version of Node. Their types have no
 * static methods: some of those that readable-stream has, such as toWeb(), do not work.
 */
export const Readable = readable.Readable as {
  new <Out, Events>(options?: node.ReadableOptions): TypedReadable<Out, Events>;
  from<Out>(items: Iterable<Out> | AsyncIterable<Out>, options?: node.ReadableOptions): TypedReadable<Out>;
};
export const Duplex = readable.Duplex as {
  new <In, Out, Events>(options?: node.DuplexOptions): TypedDuplex<In, Out, Events>;
};
export const Transform = readable.Transform as {
  new <In, Out, Events>(options?: node.TransformOptions): TypedTransform<In, Out, Events>;
};
export const PassThrough = readable.PassThrough as typeof Transform;

/** readable-stream's Writable lacks this method, which its Readable and Node's Writable have. */
class DisposableWritable extends (readable.Writable as typeof node.Writable) {
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.destroyed) {
      const aborted = Object.assign(new Error('The operation was aborted'), {
        ...{ name: 'AbortError', code: 'ABORT_ERR' },
      });
      this.destroy(this.writableFinished ? undefined : aborted);
    }
    await new Promise<void>((resolve, reject) => {
      const onClosed = (error?: Error) => (error && error.name !== 'AbortError' ? reject(error) : resolve());
      readable.finished(this, onClosed);
    });
  }
}
export const Writable = DisposableWritable as unknown as {
  new <In, Events>(options?: node.WritableOptions): TypedWritable<In, Events>;
};

export type { TransformCallback } from 'node:stream';
export type Callback = (error?: Error | null) => void;
