import type * as node from 'node:stream';
import type { DuplexEvents, ReadableEvents, WritableEvents } from '../events.js';

/*
 * Node's stream types, with the types of one stream instead of `any`. They still fit wherever Node's types expect a
 * stream, and pipeline() expects streams of strings and bytes. Some methods therefore have an overload with `never`, which
 * no call can use, but which is assignable to that method in each version of Node's types. `<Any>(): Any` is the same for
 * iterators: `for await` ignores it.
 */

// biome-ignore lint/suspicious/noExplicitAny: as in Node's types. Nothing is known about the arguments.
type AnyListener = (...args: any[]) => void;

/** Registers or removes a listener, which receives the arguments of its event. */
export interface Listen<Events, This> {
  (event: never, listener: never): This;
  <E extends string | symbol>(event: E extends keyof Events ? never : E, listener: AnyListener): This;
  <E extends keyof Events>(
    event: E,
    listener: (...args: Events[E] extends unknown[] ? Events[E] : never) => void,
  ): This;
}

declare const accepts: unique symbol;

/**
 * A Writable that accepts `In`. The property exists only in types: with it a pipe and a `Demux` reject a stream that
 * accepts something else. A stream that does not say what it accepts, such as one of Node's, is not rejected.
 */
export interface Accepting<In> extends node.Writable {
  readonly [accepts]?: (item: In) => void;
}

/** What `write()` accepts besides the item: an encoding, and a function that is called when the item was written or failed. */
export type WriteRest =
  | [callback?: (error?: Error | null) => void]
  | [encoding?: BufferEncoding, callback?: (error?: Error | null) => void];

/** Called when all items were written, or could not be. */
export type EndCallback = (() => void) | ((error?: Error | null) => void);

/** What `end()` accepts: the last item, its encoding, and a function that is called when all items were written. */
export type EndArguments<In> =
  | [callback?: EndCallback]
  | [item: In, callback?: EndCallback]
  | [item: In, encoding?: BufferEncoding, callback?: EndCallback];

/** The options of a method that goes through the items of a stream. */
export interface ItemOptions {
  signal?: AbortSignal;
}
export interface ConcurrentItemOptions extends ItemOptions {
  concurrency?: number;
}

/** A Readable of `Out`. */
export interface TypedReadable<Out, Events = ReadableEvents<Out>> extends node.Readable {
  on: Listen<Events, this>;
  once: Listen<Events, this>;
  addListener: Listen<Events, this>;
  prependListener: Listen<Events, this>;
  prependOnceListener: Listen<Events, this>;
  off: Listen<Events, this>;
  removeListener: Listen<Events, this>;
  read(size?: number): Out | null;
  read(size?: number): never;
  push(item: Out | null, encoding?: BufferEncoding): boolean;
  unshift(item: never, encoding?: unknown): void;
  unshift(item: Out, encoding?: BufferEncoding): void;
  [Symbol.asyncIterator](): AsyncIterableIterator<Out>;
  [Symbol.asyncIterator]<Any>(): Any;
  iterator(options?: { destroyOnReturn?: boolean }): AsyncIterableIterator<Out>;
  iterator<Any>(options?: { destroyOnReturn?: boolean }): Any;
  pipe<To extends NodeJS.WritableStream & { readonly [accepts]?: (item: Out) => void }>(
    destination: To,
    options?: { end?: boolean | undefined },
  ): To;
  map<T>(
    make: (item: Out, options: ItemOptions) => T | Promise<T>,
    options?: ConcurrentItemOptions,
  ): TypedReadable<T>;
  flatMap<T>(
    make: (item: Out, options: ItemOptions) => Iterable<T> | AsyncIterable<T> | Promise<Iterable<T>>,
    options?: ConcurrentItemOptions,
  ): TypedReadable<T>;
  filter<T extends Out>(test: (item: Out) => item is T, options?: ConcurrentItemOptions): TypedReadable<T>;
  filter(test: ItemTest<Out>, options?: ConcurrentItemOptions): TypedReadable<Out>;
  find<T extends Out>(
    test: (item: Out) => item is T,
    options?: ConcurrentItemOptions,
  ): Promise<T | undefined>;
  find(test: ItemTest<Out>, options?: ConcurrentItemOptions): Promise<Out | undefined>;
  find<Any>(test: never): Promise<Any>;
  some(test: ItemTest<Out>, options?: ConcurrentItemOptions): Promise<boolean>;
  every(test: ItemTest<Out>, options?: ConcurrentItemOptions): Promise<boolean>;
  forEach(use: (item: Out, options: ItemOptions) => unknown, options?: ConcurrentItemOptions): Promise<void>;
  toArray(options?: ItemOptions): Promise<Out[]>;
  take(limit: number, options?: ItemOptions): TypedReadable<Out>;
  drop(limit: number, options?: ItemOptions): TypedReadable<Out>;
  reduce(add: (sum: Out, item: Out, options: ItemOptions) => Out | Promise<Out>): Promise<Out>;
  reduce<T>(
    add: (sum: T, item: Out, options: ItemOptions) => T | Promise<T>,
    initial: T,
    options?: ItemOptions,
  ): Promise<T>;
  reduce<Any>(add: never): Promise<Any>;
}

type ItemTest<Out> = (item: Out, options: ItemOptions) => boolean | Promise<boolean>;

/** A Writable of `In`. */
export interface TypedWritable<In, Events = WritableEvents> extends node.Writable {
  readonly [accepts]?: (item: In) => void;
  on: Listen<Events, this>;
  once: Listen<Events, this>;
  addListener: Listen<Events, this>;
  prependListener: Listen<Events, this>;
  prependOnceListener: Listen<Events, this>;
  off: Listen<Events, this>;
  removeListener: Listen<Events, this>;
  write(item: never, encoding?: unknown, callback?: unknown): boolean;
  write(item: In, ...rest: WriteRest): boolean;
  end(item: never, encoding?: unknown, callback?: unknown): this;
  end(...args: EndArguments<In>): this;
  [Symbol.asyncDispose](): Promise<void>;
  /** Does not exist: Node's types declare it, but no Writable has it. */
  compose: never;
}

/** What a Duplex has, and a Readable does not have. */
type WritableSide = Omit<node.Duplex, keyof node.Readable | 'write' | 'end' | 'writableAborted'>;

/** A Duplex: a Writable of `In`, and a Readable of `Out`. */
export interface TypedDuplex<In, Out, Events = DuplexEvents<Out>>
  extends TypedReadable<Out, Events>,
    WritableSide {
  readonly [accepts]?: (item: In) => void;
  write(item: never, encoding?: unknown, callback?: unknown): boolean;
  write(item: In, ...rest: WriteRest): boolean;
  end(item: never, encoding?: unknown, callback?: unknown): this;
  end(...args: EndArguments<In>): this;
  /** Does not exist: Node's Duplex has it, but not readable-stream's. */
  readonly writableAborted: never;
  // As methods, so that a class can override them.
  _write(item: In, encoding: BufferEncoding, callback: (error?: Error | null) => void): void;
  _final(callback: (error?: Error | null) => void): void;
}

/** A Transform of `In` to `Out`. */
export interface TypedTransform<In, Out, Events = DuplexEvents<Out>> extends TypedDuplex<In, Out, Events> {
  _transform(item: In, encoding: BufferEncoding, callback: node.TransformCallback): void;
  _flush(callback: node.TransformCallback): void;
}
