import { code } from './generated/check.js';
import { type Constant, instantiate } from './web-assembly.js';

interface Check {
  CHUNK: Constant;
  CHUNK_ROOM: Constant;
  PAYLOAD: Constant;
  PAYLOAD_ROOM: Constant;
  checkRequest(pos: number, end: number): number;
}

/** The fast path of the walk; see `wasm/check.ts`. Where it cannot run, nothing fits into its memory. */
const check = instantiate<Check>(code);
const CHUNK = check?.CHUNK.value ?? 0;
const PAYLOAD = check?.PAYLOAD.value ?? 0;
const buffer = check?.memory.buffer ?? new ArrayBuffer(0);
const chunk = new Uint8Array(buffer, CHUNK, check?.CHUNK_ROOM.value);
const payload = new Uint8Array(buffer, PAYLOAD, check?.PAYLOAD_ROOM.value);
const checkRequest = check?.checkRequest ?? (() => -1);

/** What {@link chunk} has, while it is looked at. Never longer: who owns the bytes may write to them. */
let held: Uint8Array | undefined;

/** Runs `use`, and checks faster what lies in `bytes` while it runs. Nothing else changes by it. */
export function holding<T>(bytes: Uint8Array, use: () => T): T {
  if (bytes.length > chunk.length) return use();
  chunk.set(bytes);
  held = bytes;
  try {
    return use();
  } finally {
    held = undefined;
  }
}

/**
 * Checks a ReportBoundaryLogsRequest if it is one as senders write them.
 *
 * @returns how many logs there are in it; below 0 where the walk has to decide.
 */
export function checkFast(bytes: Uint8Array, pos: number, end: number): number {
  if (bytes === held) return checkRequest(CHUNK + pos, CHUNK + end);
  if (end - pos > payload.length) return -1;
  payload.set(bytes.subarray(pos, end));
  return checkRequest(PAYLOAD, PAYLOAD + end - pos);
}
