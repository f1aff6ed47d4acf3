import { crc32 } from 'node:zlib';
import { BoundaryLogError } from '../errors.js';
import { invalidOption } from '../options.js';
import { RecordOrder } from './order.js';
import {
  type CaptureConnection,
  type CaptureRecord,
  FILE_HEADER,
  GAP_LENGTH,
  KIND_NUMBERS,
  MAGIC,
  RECORD_HEADER,
  VERSION,
} from './record.js';

/** Says that the rest of a capture is missing or damaged. Always the last object. */
export interface CaptureFault {
  /** What distinguishes it from records. */
  readonly kind: 'fault';
  /** Where in the file the first byte is that cannot be used. */
  readonly offset: number;
  /** `ERR_TRUNCATED_CAPTURE` or `ERR_INVALID_CAPTURE`. */
  readonly error: BoundaryLogError;
}

type Kind = keyof typeof KIND_NUMBERS;
const KINDS = new Map(Object.entries(KIND_NUMBERS).map(([kind, number]) => [number as number, kind as Kind]));

/**
 * Bytes of a capture → its records, wherever the bytes are cut into chunks. Pure and synchronous.
 *
 * It never throws. What cannot be read is a {@link CaptureFault}, after the records before it.
 */
export class CaptureDecoder {
  readonly #order = new RecordOrder();
  /** What was not decoded yet. */
  #waiting: Buffer[] = [];
  #waitingLength = 0;
  /** How many bytes the next step needs. */
  #needed = FILE_HEADER;
  #consumed = 0;
  #hasStart = false;
  #hasFault = false;

  /** Bytes decoded so far: where the next record begins. */
  get bytesConsumed(): number {
    return this.#consumed;
  }

  /** Whether a fault has ended the capture. Further bytes are ignored. */
  get ended(): boolean {
    return this.#hasFault;
  }

  /**
   * Decodes the next bytes. The bytes of data may be a view of the chunk.
   *
   * @throws ERR_INVALID_OPTION if the chunk is not bytes.
   */
  decode(chunk: Uint8Array): (CaptureRecord | CaptureFault)[] {
    if (!(chunk instanceof Uint8Array)) throw invalidOption('chunk', chunk, 'bytes');
    const items: (CaptureRecord | CaptureFault)[] = [];
    if (this.#hasFault) return items;
    this.#waiting.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#waitingLength += chunk.length;
    if (this.#waitingLength < this.#needed) return items;
    const bytes = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting);
    let at = 0;
    while (!this.#hasFault) {
      const item = this.#hasStart ? this.#record(bytes, at) : this.#start(bytes, at);
      if (item === undefined) break;
      at += this.#needed;
      this.#needed = RECORD_HEADER;
      this.#accept(item, items);
    }
    this.#waiting = [bytes.subarray(at)];
    this.#waitingLength = bytes.length - at;
    return items;
  }

  /** The capture has ended here. @returns the fault, if it is not complete. */
  end(): CaptureFault | undefined {
    if (this.#hasFault || this.#order.isFinished) return undefined;
    this.#hasFault = true;
    const rest =
      this.#waitingLength === 0 ? '' : `, with ${this.#waitingLength} bytes of an incomplete record`;
    const message = `the capture ends at byte ${this.#consumed}${rest}, without its last record: its recorder is still running, was killed, or could not write. Everything before that byte can be used`;
    return this.#fault('ERR_TRUNCATED_CAPTURE', message);
  }

  #accept(item: CaptureRecord | string, items: (CaptureRecord | CaptureFault)[]): void {
    const wrong = typeof item === 'string' ? item : this.#order.next(item);
    if (typeof item !== 'string' && wrong === undefined) {
      items.push(item);
      this.#consumed += lengthOf(item);
      return;
    }
    this.#hasFault = true;
    const message = `the capture is damaged at byte ${this.#consumed}: ${wrong}. Everything before that byte can be used`;
    items.push(this.#fault('ERR_INVALID_CAPTURE', message));
  }

  #fault(code: 'ERR_TRUNCATED_CAPTURE' | 'ERR_INVALID_CAPTURE', message: string): CaptureFault {
    return { kind: 'fault', offset: this.#consumed, error: new BoundaryLogError(code, message) };
  }

  /** @returns undefined if there are not enough bytes; a text if they are not a header. */
  #start(bytes: Buffer, at: number): CaptureRecord | string | undefined {
    if (bytes.length - at < FILE_HEADER) return undefined;
    this.#hasStart = true;
    if (!bytes.subarray(at, at + MAGIC.length).equals(MAGIC)) return 'it does not begin as a capture does';
    if (bytes.readUInt32BE(at + 16) !== crc32(bytes.subarray(at, at + 16)))
      return 'the checksum of its header is wrong';
    const version = bytes.readUInt8(at + MAGIC.length);
    if (version !== VERSION) return `its version is ${version}, and only version ${VERSION} can be read`;
    return { kind: 'start', startedAt: Number(bytes.readBigUInt64BE(at + 8)) };
  }

  /** Sets how many bytes it needs. @returns undefined if there are fewer; a text if they are not a record. */
  #record(bytes: Buffer, at: number): CaptureRecord | string | undefined {
    if (bytes.length - at < RECORD_HEADER) return undefined;
    const header = bytes.subarray(at, at + RECORD_HEADER);
    if (header.readUInt32BE(0) !== crc32(header.subarray(4))) return 'the checksum of a record is wrong';
    const length = header.readUIntBE(9, 3);
    this.#needed = RECORD_HEADER + length;
    if (bytes.length - at < this.#needed) return undefined;
    const payload = bytes.subarray(at + RECORD_HEADER, at + this.#needed);
    if (header.readUInt32BE(4) !== crc32(payload)) return 'the checksum of the bytes of a record is wrong';
    const time = Number(header.readBigUInt64BE(16));
    return recordOf(KINDS.get(header.readUInt8(8)), header.readUInt32BE(12), time, payload);
  }
}

function recordOf(
  kind: Kind | undefined,
  connection: number,
  time: number,
  payload: Buffer,
): CaptureRecord | string {
  const expected = kind === 'data' ? payload.length : kind === 'gap' ? GAP_LENGTH : 0;
  if (kind === undefined || payload.length !== expected) return 'a record of a kind that is not known';
  switch (kind) {
    case 'data':
      return { kind, connection, time, bytes: payload };
    case 'gap': {
      const [bytes, connections] = [payload.readBigUInt64BE(0), payload.readBigUInt64BE(8)];
      return { kind, connection, time, bytes: Number(bytes), connections: Number(connections) };
    }
    case 'finish':
      return connection === 0 ? { kind, time } : 'a record of a kind that is not known';
    default:
      return { kind, connection, time } satisfies CaptureConnection;
  }
}

function lengthOf(record: CaptureRecord): number {
  if (record.kind === 'start') return FILE_HEADER;
  if (record.kind === 'data') return RECORD_HEADER + record.bytes.length;
  return RECORD_HEADER + (record.kind === 'gap' ? GAP_LENGTH : 0);
}
