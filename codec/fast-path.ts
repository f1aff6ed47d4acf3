import { code } from './generated/check.js';
import { type Constant, instantiate } from './web-assembly.js';

/** The fast path of the walk; see `wasm/check.ts`. Its memory holds a chunk, and a payload beside it. */
const module = instantiate<{
  CHUNK: Constant;
  CHUNK_ROOM: Constant;
  PAYLOAD: Constant;
  PAYLOAD_ROOM: Constant;
  checkRequest(pos: number, end: number): number;
}>(code);
const { buffer } = module.memory;

const CHUNK = module.CHUNK.value;
const chunk = new Uint8Array(buffer, CHUNK, module.CHUNK_ROOM.value);
const PAYLOAD = module.PAYLOAD.value;
const payload = new Uint8Array(buffer, PAYLOAD, module.PAYLOAD_ROOM.value);
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
  if (bytes === held) return module.checkRequest(CHUNK + pos, CHUNK + end);
  if (end - pos > payload.length) return -1;
  payload.set(bytes.subarray(pos, end));
  return module.checkRequest(PAYLOAD, PAYLOAD + end - pos);
}
