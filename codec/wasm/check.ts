/*
 * Checks messages as `codec/walk.ts` does. See `README.md` in this folder.
 */

import { checkRequest as check } from './generated/check';
import { begin, summarize } from './summary';

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
export { MAX_NUMBERS, NUMBERS, SESSIONS, SUMMARY } from './summary';

/** Checks a ReportBoundaryLogsRequest, and sums it up. @returns how many logs it has; below 0 why it is not valid. */
export function checkRequest(pos: usize, end: usize): i32 {
  begin();
  const logs = check(pos, end);
  if (logs >= 0) summarize();
  return logs;
}
