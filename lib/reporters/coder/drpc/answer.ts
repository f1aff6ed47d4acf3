import { BoundaryLogError } from '../../../errors.js';
import { type Packet, PacketKind, STREAM_ID } from './packet.js';
import { PacketDecoder } from './packet-decoder.js';

/** How a call ended. */
export type Answer =
  | { readonly kind: 'message'; readonly data: Buffer }
  | { readonly kind: 'error'; readonly code: bigint; readonly text: string }
  /** Without a message. */
  | { readonly kind: 'end'; readonly how: string };

const ENDS: Readonly<Record<number, string>> = {
  [PacketKind.CANCEL]: 'cancelled the call',
  [PacketKind.CLOSE]: 'closed the call without an answer',
  [PacketKind.CLOSE_SEND]: 'ended the call without an answer',
};

/** An error packet's code comes first. */
const CODE_LENGTH = 8;

/** Reads the answer to a call that has one: the first packet that says how it ended. */
export class AnswerDecoder {
  readonly #packets = new PacketDecoder();

  /** The answer, once it is whole. @throws ERR_PROTOCOL_VIOLATION */
  decode(chunk: Buffer): Answer | undefined {
    for (const packet of this.#packets.decode(chunk)) {
      if (!packet.control) return answerIn(packet);
    }
    return undefined;
  }
}

function answerIn({ kind, streamId, data }: Packet): Answer {
  const how = ENDS[kind];
  if (streamId === STREAM_ID) {
    if (kind === PacketKind.MESSAGE) return { kind: 'message', data };
    if (kind === PacketKind.ERROR) return { kind: 'error', ...errorIn(data) };
    if (how !== undefined) return { kind: 'end', how };
  }
  const message = `a DRPC packet of kind ${kind} on stream ${streamId} is no answer to a call`;
  throw new BoundaryLogError('ERR_PROTOCOL_VIOLATION', message);
}

/** What is too short for a code is all text, as it is to the reference. */
function errorIn(data: Buffer): { code: bigint; text: string } {
  if (data.length < CODE_LENGTH) return { code: 0n, text: data.toString() };
  return { code: data.readBigUInt64BE(), text: data.toString('utf8', CODE_LENGTH) };
}
