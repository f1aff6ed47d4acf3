import { BoundaryLogError } from '../../../errors.js';
import { CONTROL_BIT, DONE_BIT, KIND_MASK, KIND_SHIFT, MAX_PACKET_LENGTH, type Packet } from './packet.js';

const MAX_VARINT_LENGTH = 10;
/** The varints of a frame's header: stream id, message id, length of the data. */
const HEADER_VARINTS = 3;

/**
 * Assembles the packets of a byte stream, which may arrive in chunks of any size. It follows the rules of the Go
 * implementation: ids never decrease; a frame with a new id starts a new packet and discards an incomplete one; all
 * frames of a packet have the same kind.
 */
export class PacketDecoder {
  // The header of the current frame.
  #controlByte: number | undefined;
  /** The varints so far. The last one may be incomplete. */
  #varints: number[] = [];
  /** How many bytes of the last varint have arrived; 0 if it is complete. */
  #varintLength = 0;
  /** How many bytes of the frame's data have not arrived yet. */
  #dataRemaining = 0;

  // The current packet.
  #packet: { kind: number; control: boolean } | undefined;
  #packetParts: Buffer[] = [];
  #packetLength = 0;
  /** The id of the current packet, which is the lowest that the next frame may have. */
  #streamId = 1;
  #messageId = 1;

  /**
   * Yields the packets that `chunk` completes, in order.
   *
   * @throws ERR_PROTOCOL_VIOLATION after all packets before it. The decoder cannot continue.
   */
  *decode(chunk: Buffer): Generator<Packet, void> {
    let pos = 0;
    while (pos < chunk.length) {
      if (!this.#isHeaderComplete) {
        this.#readHeaderByte(chunk[pos++] as number);
        if (!this.#isHeaderComplete) continue;
        this.#startFrame();
      }
      const part = chunk.subarray(pos, pos + this.#dataRemaining);
      pos += part.length;
      this.#dataRemaining -= part.length;
      this.#packetParts.push(part);
      if (this.#dataRemaining > 0) return;
      const packet = this.#endFrame();
      if (packet !== undefined) yield packet;
    }
  }

  get #isHeaderComplete(): boolean {
    return this.#varints.length === HEADER_VARINTS && this.#varintLength === 0;
  }

  #readHeaderByte(byte: number): void {
    if (this.#controlByte === undefined) {
      this.#controlByte = byte;
      return;
    }
    if (this.#varintLength === 0) this.#varints.push(0);
    const i = this.#varints.length - 1;
    const value = (this.#varints[i] as number) + (byte & 0x7f) * 2 ** (7 * this.#varintLength);
    this.#varints[i] = value;
    this.#varintLength += 1;
    if (value > Number.MAX_SAFE_INTEGER || this.#varintLength > MAX_VARINT_LENGTH) {
      throw violation('a DRPC header with a number that is too large');
    }
    if (byte < 0x80) this.#varintLength = 0;
  }

  #startFrame(): void {
    const controlByte = this.#controlByte as number;
    const kind = (controlByte >> KIND_SHIFT) & KIND_MASK;
    const control = (controlByte & CONTROL_BIT) !== 0;
    const [streamId, messageId, length] = this.#varints as [number, number, number];
    if (streamId < this.#streamId || (streamId === this.#streamId && messageId < this.#messageId)) {
      throw violation(`a DRPC frame with the id ${streamId}.${messageId}, which is 0 or was used before`);
    }
    if (this.#packet === undefined || streamId !== this.#streamId || messageId !== this.#messageId) {
      this.#packet = { kind, control };
      this.#packetParts = [];
      this.#packetLength = 0;
      this.#streamId = streamId;
      this.#messageId = messageId;
    } else if (this.#packet.kind !== kind) {
      throw violation(`a DRPC packet with frames of the kinds ${this.#packet.kind} and ${kind}`);
    }
    this.#packet.control ||= control;
    this.#packetLength += length;
    if (this.#packetLength > MAX_PACKET_LENGTH) {
      throw violation(`a DRPC packet of more than ${MAX_PACKET_LENGTH} bytes`);
    }
    this.#dataRemaining = length;
  }

  /** Returns the packet, if this was its last frame. */
  #endFrame(): Packet | undefined {
    const isDone = ((this.#controlByte as number) & DONE_BIT) !== 0;
    this.#controlByte = undefined;
    this.#varints = [];
    if (!isDone) return undefined;
    const { kind, control } = this.#packet as { kind: number; control: boolean };
    const data = Buffer.concat(this.#packetParts);
    const packet = { kind, control, streamId: this.#streamId, messageId: this.#messageId, data };
    this.#packet = undefined;
    this.#packetParts = [];
    this.#messageId += 1;
    return packet;
  }
}

function violation(what: string): BoundaryLogError {
  return new BoundaryLogError('ERR_PROTOCOL_VIOLATION', `received ${what}`);
}
