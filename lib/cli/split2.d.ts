declare module 'split2' {
  import type { Transform } from 'node:stream';

  interface Options {
    /** Longest line, in characters. Default: no limit. */
    maxLength?: number;
    /** Leaves a longer line out, rather than failing. Default false. */
    skipOverflow?: boolean;
  }

  /** Cuts lines; `undefined` from the mapper leaves the line out. */
  export default function split2(
    matcher: string | RegExp,
    mapper: (line: string) => unknown,
    options?: Options,
  ): Transform;
}
