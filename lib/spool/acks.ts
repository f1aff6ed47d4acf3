/**
 * What became of a batch: its byte in an `.acked` file. Any two values differ in four bits, so that a flipped bit
 * is corrected, and two flipped bits never make a waiting batch an acknowledged one.
 */
export const State = {
  WAITING: 0x00,
  ACKNOWLEDGED: 0xff,
  /** A process began to process it, and has not ended doing so: see {@link SpoolQueue.mark}. */
  STARTED: 0x33,
  /** The same once more, after the process with the first mark was gone. */
  STARTED_AGAIN: 0x55,
  QUARANTINED: 0x66,
  /** Its record is damaged, and this was reported. */
  LOST: 0x0f,
} as const;

const STATES: readonly number[] = Object.values(State);

const CORRECTED = Uint8Array.from({ length: 256 }, (_, byte) => {
  return STATES.find((state) => bitsOf(state ^ byte) <= 1) ?? State.WAITING;
});

/** The states in the bytes of a file, corrected. */
export function decodeStates(bytes: Buffer): Buffer {
  return bytes.map((byte) => CORRECTED[byte] as number) as Buffer;
}

/** Whether the batch need not be delivered any more. */
export function isFinished(state: number): boolean {
  return state === State.ACKNOWLEDGED || state === State.LOST || state === State.QUARANTINED;
}

function bitsOf(byte: number): number {
  let bits = 0;
  for (let rest = byte; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
}
