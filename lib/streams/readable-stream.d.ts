/** Typed in streams.ts, as Node's own. */
declare module 'readable-stream';
