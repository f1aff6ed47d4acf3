import { BoundaryLogError } from '../../../errors.js';
import { type Packet, PacketKind, STREAM_ID } from './packet.js';
import { PacketDecoder } from './packet-decoder.js';

/** How a call ended. */
type Answer =
  | { readonly kind: 'message'; readonly data: Buffer }
  | { readonly kind: 'error'; readonly code: bigint; readonly text: string }
  /** The server ended the call without a message. */
  | { readonly kind: 'end'; readonly how: string };

const ENDS: Readonly<Record<number, string>> = {
  [PacketKind.CANCEL]: 'cancelled the call',
  [PacketKind.CLOSE]: 'closed the call without an answer',
  [PacketKind.CLOSE_SEND]: 'ended the call without an answer',
};

/** Length of the code that an error packet starts with, in bytes. */
const CODE_LENGTH = 8;

/** Decodes the answer to a call that returns one message. The first packet of the call decides how it ended. */
export class AnswerDecoder {
  readonly #packets = new PacketDecoder();

  /** Returns the answer as soon as it is complete. @throws ERR_PROTOCOL_VIOLATION */
  decode(chunk: Buffer): Answer | undefined {
    for (const packet of this.#packets.decode(chunk)) {
      if (!packet.control) return answerOf(packet);
    }
    return undefined;
  }
}

function answerOf({ kind, streamId, data }: Packet): Answer {
  const how = ENDS[kind];
  if (streamId === STREAM_ID) {
    if (kind === PacketKind.MESSAGE) return { kind: 'message', data };
    if (kind === PacketKind.ERROR) return { kind: 'error', ...errorOf(data) };
    if (how !== undefined) return { kind: 'end', how };
  }
  const message = `received a DRPC packet of kind ${kind} on stream ${streamId}, which is not an answer to a call`;
  throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
}

/** Like the Go implementation, this treats data that is too short for a code as text. */
function errorOf(data: Buffer): { code: bigint; text: string } {
  if (data.length < CODE_LENGTH) return { code: 0n, text: data.toString() };
  return { code: data.readBigUInt64BE(), text: data.toString('utf8', CODE_LENGTH) };
}
