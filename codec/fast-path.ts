import type { Frame, FrameFault } from './frame.js';
import { code } from './generated/check.js';
import { View } from './view.js';
import { type Constant, instantiate } from './web-assembly.js';

interface Check {
  CHUNK: Constant;
  CHUNK_ROOM: Constant;
  PAYLOAD: Constant;
  PAYLOAD_ROOM: Constant;
  JOINED: Constant;
  RESULT: Constant;
  SESSIONS: Constant;
  SUMMARY: Constant;
  NUMBERS: Constant;
  MAX_NUMBERS: Constant;
  checkRequest(pos: number, end: number): number;
  readEnvelope(pos: number, end: number): number;
}

/** How many sessions are known by number, and how many bytes each of them occupies, as in `wasm/summary.ts`. */
const SLOTS = 256;
const SLOT_LENGTH = 128;

/** Returned by the functions below if the walk has to decide: there is no WebAssembly, or its memory is too small. */
export const UNDECIDED = -3;

/** The WebAssembly module of `wasm/check.ts`. If it cannot run, nothing fits into its memory. */
const check = instantiate<Check>(code);
const CHUNK = check?.CHUNK.value ?? 0;
const PAYLOAD = check?.PAYLOAD.value ?? 0;
const memory = check?.memory.buffer ?? new ArrayBuffer(0);
const chunk = new Uint8Array(memory, CHUNK, check?.CHUNK_ROOM.value);
const payload = new Uint8Array(memory, PAYLOAD, check?.PAYLOAD_ROOM.value);
const checkRequest = check?.checkRequest ?? (() => UNDECIDED);
const readEnvelope = check?.readEnvelope ?? (() => UNDECIDED);
const joined = Buffer.from(memory, check?.JOINED.value ?? 0, check?.PAYLOAD_ROOM.value ?? 0);
const numbers = new Int32Array(memory, check?.RESULT.value ?? 0, check === undefined ? 0 : 4);
const counts = new BigInt64Array(memory, check === undefined ? 0 : check.RESULT.value + 16, check ? 2 : 0);

/** See `SUMMARY` in `wasm/summary.ts`. */
export const summary = new Int32Array(memory, check?.SUMMARY.value ?? 0, check === undefined ? 0 : 5);
/** The sequence numbers of the first logs: see `wasm/summary.ts`. */
const listed = new Int32Array(memory, check?.NUMBERS.value ?? 0, check?.MAX_NUMBERS.value ?? 0);
const bytesOfAll = Buffer.from(memory);
/** The ids of the sessions that WebAssembly knows by number: see `wasm/summary.ts`. */
const ids = Buffer.from(memory, check?.SESSIONS.value ?? 0, check === undefined ? 0 : SLOTS * SLOT_LENGTH);
const sessions = new Array<string>(SLOTS).fill('');

/**
 * The memory of which {@link chunk} contains the bytes from `loadedFrom` to `loadedTo`. Set only inside
 * {@link withLoaded}, because the owner of the bytes may write to them afterwards.
 */
let loaded: ArrayBufferLike | undefined;
let loadedFrom = 0;
let loadedTo = 0;

const NOT_LOADED = -1;
/** The offset in {@link loaded} of the bytes that were checked last. */
let checkedFrom = NOT_LOADED;

/**
 * Copies the part of a chunk in which these frames lie into WebAssembly memory once while `use` runs, so that the
 * checks of their payloads need no copy each. Only an optimisation.
 */
export function withLoaded<T>(frames: readonly (Frame | FrameFault)[], use: () => T): T {
  if (frames.length < 2) return use();
  // The last frame lies in the chunk. The first one may have been put together from two, in memory of its own.
  const last = payloadBefore(frames, frames.length);
  const first = last && payloadFrom(frames, last.buffer);
  if (last === undefined || first === undefined) return use();
  return whileLoaded(last.buffer, first.byteOffset, last.byteOffset + last.length, use);
}

/** Says that bytes may have changed since they were loaded, so each payload is copied again when it is checked. */
export function unload(): void {
  loaded = undefined;
}

function whileLoaded<T>(memory: ArrayBufferLike, from: number, to: number, use: () => T): T {
  if (to < from || to - from > chunk.length) return use();
  chunk.set(new Uint8Array(memory, from, to - from));
  loaded = memory;
  loadedFrom = from;
  loadedTo = to;
  try {
    return use();
  } finally {
    // What was loaded before has been overwritten.
    loaded = undefined;
  }
}

function payloadBefore(frames: readonly (Frame | FrameFault)[], end: number): Buffer | undefined {
  for (let i = end - 1; i >= 0; i--) {
    const frame = frames[i] as Frame | FrameFault;
    if ('payload' in frame) return frame.payload;
  }
  return undefined;
}

function payloadFrom(frames: readonly (Frame | FrameFault)[], buffer: ArrayBufferLike): Buffer | undefined {
  for (const frame of frames) {
    if ('payload' in frame && frame.payload.buffer === buffer) return frame.payload;
  }
  return undefined;
}

/**
 * Checks a ReportBoundaryLogsRequest.
 *
 * @returns how many logs it contains; below 0 why it is not valid, as the walk would say, or {@link UNDECIDED}.
 */
export function checkFast(bytes: Uint8Array, pos: number, end: number): number {
  const at = addressOf(bytes, pos, end);
  isSummedUp = at !== NOT_LOADED;
  return isSummedUp ? checkRequest(at, at + end - pos) : UNDECIDED;
}

/** Whether WebAssembly has summed up what was checked last. */
let isSummedUp = false;

/**
 * The session of the request that was checked last; undefined if it was not summed up. Otherwise {@link summary}'s first
 * two values are the number of the first log, and how many logs are allowed.
 */
export function sessionRead(): string | undefined {
  if (!isSummedUp) return undefined;
  const slot = summary[2] as number;
  if (slot >= 0) return slot < SLOTS ? sessions[slot] : newSession(slot - SLOTS);
  // The request is still in memory.
  return slot === NO_SESSION ? '' : bytesOfAll.toString('utf8', summary[3], summary[4]);
}

/** The sequence numbers of the logs of the request that was checked last, at most 1024. Read them at once. */
export function numbersRead(count: number): number[] {
  return Array.from(listed.subarray(0, count));
}

const NO_SESSION = -1;

function newSession(slot: number): string {
  const from = slot * SLOT_LENGTH;
  const id = ids.toString('utf8', from + 8, from + 8 + (ids[from] as number));
  sessions[slot] = id;
  // Tells WebAssembly that the id has been read.
  ids[from + 1] = 0;
  return id;
}

/** The address of bytes in WebAssembly memory, to which they are copied unless they are loaded. */
function addressOf(bytes: Uint8Array, pos: number, end: number): number {
  checkedFrom = NOT_LOADED;
  if (loaded !== undefined && bytes.buffer === loaded) {
    const from = bytes.byteOffset;
    if (from >= loadedFrom && from + end <= loadedTo) {
      checkedFrom = from;
      return CHUNK + from - loadedFrom + pos;
    }
  }
  if (bytes.length <= payload.length && 2 * (end - pos) >= bytes.length) {
    // Copy all bytes: copying a few more costs less than a view.
    payload.set(bytes);
    return PAYLOAD + pos;
  }
  if (end - pos > payload.length) return NOT_LOADED;
  payload.set(bytes.subarray(pos, end));
  return PAYLOAD;
}

/** The content of an envelope: see `RESULT` in `wasm/envelope.ts`. */
export const Member = { UNKNOWN: 0, LOGS: 1, STATUS: 2 } as const;

/**
 * Reads a BoundaryMessage, whatever its members.
 *
 * @returns its {@link Member}; below 0 why it is not valid, or {@link UNDECIDED}. Read its content at once.
 */
export function readEnvelopeFast(bytes: Uint8Array): number {
  const at = addressOf(bytes, 0, bytes.length);
  isSummedUp = at !== NOT_LOADED;
  if (!isSummedUp) return UNDECIDED;
  envelopeAt = at;
  return readEnvelope(at, at + bytes.length);
}

let envelopeAt = 0;

/** The logs of the envelope `bytes` that was read last: their count, and their requests, one after the other. */
export function logsRead(bytes: Buffer): { count: number; raw: Buffer } {
  // Destructuring a typed array takes ten times as long.
  const count = numbers[0] as number;
  const requests = numbers[1] as number;
  const length = numbers[3] as number;
  if (requests > 1) {
    const raw = Buffer.allocUnsafe(length);
    joined.copy(raw, 0, 0, length);
    return { count, raw };
  }
  const start = requests === 0 ? 0 : (numbers[2] as number) - envelopeAt;
  return { count, raw: bytes.subarray(start, start + length) };
}

/** The counts of the status of the envelope that was read last. */
export function statusRead(): [droppedChannelFull: bigint, droppedBatchFull: bigint] {
  return [counts[0] as bigint, counts[1] as bigint];
}

/** Like `bytes.subarray(pos, end)` for the bytes that were checked last, but cheaper if they are loaded. */
export function viewOfChecked(bytes: Buffer, pos: number, end: number): Buffer {
  if (loaded === undefined || checkedFrom === NOT_LOADED) return bytes.subarray(pos, end);
  return new View(loaded, checkedFrom + pos, end - pos);
}
