declare module 'split2' {
  import type { Transform } from 'node:stream';

  interface Options {
    /** Longest line, in characters. Default: no limit. */
    maxLength?: number;
    /** Skips a longer line instead of failing. Default false. */
    skipOverflow?: boolean;
  }

  /** Cuts text into lines. A line for which the mapper returns `undefined` is skipped. */
  export default function split2(
    matcher: string | RegExp,
    mapper: (line: string) => unknown,
    options?: Options,
  ): Transform;
}
