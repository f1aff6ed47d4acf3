/*
 * Checks messages as `codec/walk.ts` does. See `README.md` in this folder.
 */

/** Vector instructions may read this many bytes past the end of the input. */
const SPARE: i32 = 64;

/** The caller copies a chunk here. It may be as long as one read of a socket. */
export const CHUNK: usize = memory.data(0x1_0000 + SPARE, 16);
export const CHUNK_ROOM: i32 = 0x1_0000;

/**
 * The caller copies a payload here that is not inside the chunk. It may be as long as the payload of a frame.
 */
export const PAYLOAD: usize = memory.data(0x8000 + SPARE, 16);
export const PAYLOAD_ROOM: i32 = 0x8000;

export { JOINED, RESULT, readEnvelope } from './envelope';
export { checkRequest } from './generated/check';
export { MAX_NUMBERS, NUMBERS, SESSIONS, SUMMARY } from './summary';
