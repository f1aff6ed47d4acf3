import { BoundaryLogError } from '../../../errors.js';
import { CONTROL_BIT, DONE_BIT, KIND_MASK, KIND_SHIFT, MAX_PACKET_LENGTH, type Packet } from './packet.js';

const MAX_VARINT_LENGTH = 10;
/** After the control byte: stream id, message id, length of the data. */
const HEADER_NUMBERS = 3;

/**
 * Puts the packets of a byte stream together, wherever the chunks' borders lie, by the rules of the
 * reference's reader: ids never go back, a packet whose id is not the last one's begins anew, and its frames
 * are all of one kind.
 */
export class PacketDecoder {
  /** The first byte of the frame that has begun. */
  #control: number | undefined;
  /** The numbers of its header, the last one perhaps not whole. */
  #numbers: number[] = [];
  #varintLength = 0;
  /** How much of its data is missing. */
  #missing = 0;

  /** The packet that has begun. */
  #packet: { kind: number; control: boolean } | undefined;
  #parts: Buffer[] = [];
  #length = 0;
  /** The least ids that the next frame may have. */
  #streamId = 1;
  #messageId = 1;

  /**
   * The packets that `chunk` completes, in order.
   *
   * @throws ERR_PROTOCOL_VIOLATION after the packets before it. Nothing can be decoded from there on.
   */
  *decode(chunk: Buffer): Generator<Packet, void> {
    let pos = 0;
    while (pos < chunk.length) {
      if (!this.#hasHeader) {
        this.#readHeader(chunk[pos++] as number);
        if (!this.#hasHeader) continue;
        this.#beginFrame();
      }
      const part = chunk.subarray(pos, pos + this.#missing);
      pos += part.length;
      this.#missing -= part.length;
      this.#parts.push(part);
      if (this.#missing > 0) return;
      const packet = this.#endFrame();
      if (packet !== undefined) yield packet;
    }
  }

  get #hasHeader(): boolean {
    return this.#numbers.length === HEADER_NUMBERS && this.#varintLength === 0;
  }

  #readHeader(byte: number): void {
    if (this.#control === undefined) {
      this.#control = byte;
      return;
    }
    if (this.#varintLength === 0) this.#numbers.push(0);
    const i = this.#numbers.length - 1;
    const value = (this.#numbers[i] as number) + (byte & 0x7f) * 2 ** (7 * this.#varintLength);
    this.#numbers[i] = value;
    this.#varintLength += 1;
    if (value > Number.MAX_SAFE_INTEGER || this.#varintLength > MAX_VARINT_LENGTH) {
      throw violation('a DRPC header with a number that is too large');
    }
    if (byte < 0x80) this.#varintLength = 0;
  }

  #beginFrame(): void {
    const control = this.#control as number;
    const kind = (control >> KIND_SHIFT) & KIND_MASK;
    const isControl = (control & CONTROL_BIT) !== 0;
    const [streamId, messageId, length] = this.#numbers as [number, number, number];
    if (streamId < this.#streamId || (streamId === this.#streamId && messageId < this.#messageId)) {
      throw violation(`a DRPC frame with the id ${streamId}.${messageId}, which has been, or is 0`);
    }
    if (this.#packet === undefined || streamId !== this.#streamId || messageId !== this.#messageId) {
      this.#packet = { kind, control: isControl };
      this.#parts = [];
      this.#length = 0;
      this.#streamId = streamId;
      this.#messageId = messageId;
    } else if (this.#packet.kind !== kind) {
      throw violation(`a DRPC packet that is of kind ${this.#packet.kind} and of kind ${kind}`);
    }
    this.#packet.control ||= isControl;
    this.#length += length;
    if (this.#length > MAX_PACKET_LENGTH) {
      throw violation(`a DRPC packet of more than ${MAX_PACKET_LENGTH} bytes`);
    }
    this.#missing = length;
  }

  #endFrame(): Packet | undefined {
    const isDone = ((this.#control as number) & DONE_BIT) !== 0;
    this.#control = undefined;
    this.#numbers = [];
    if (!isDone) return undefined;
    const { kind, control } = this.#packet as { kind: number; control: boolean };
    const data = Buffer.concat(this.#parts);
    const packet = { kind, control, streamId: this.#streamId, messageId: this.#messageId, data };
    this.#packet = undefined;
    this.#parts = [];
    this.#messageId += 1;
    return packet;
  }
}

function violation(message: string): BoundaryLogError {
  return new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
}
