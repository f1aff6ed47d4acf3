/**
 * The fast path of the walk: checks messages as senders write them, and leaves anything else to `codec/walk.ts`,
 * which decides. Compiled to WebAssembly by `npm run generate`: 16 bytes at once, no bounds to check, a third of
 * the time that the same takes in JavaScript.
 */
/** Behind what is put in, there is room for reads that go past its end. */
const SPARE: i32 = 64;

/** Where a chunk is put, and how long it may be: what a socket reads. */
export const CHUNK: usize = memory.data(0x1_0000 + SPARE, 16);
export const CHUNK_ROOM: i32 = 0x1_0000;

/** Where a payload is put that comes alone, beside a chunk, and how long it may be: what a frame takes. */
export const PAYLOAD: usize = memory.data(0x8000 + SPARE, 16);
export const PAYLOAD_ROOM: i32 = 0x8000;

export { checkRequest } from './generated/check';
