/** `base.ts` gives it the types of Node's streams. */
declare module 'readable-stream';
