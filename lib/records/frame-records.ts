import type { LogBatch } from '../../codec/index.js';
import { gapNote } from '../capture/gap-note.js';
import { openCapture } from '../capture/open-capture.js';
import { outcomesIn } from '../capture/outcomes.js';
import { eventOf } from '../text/generated/event.js';
import type { FaultListener, Place, Recorded } from './record.js';

/** The events and status messages of a capture, with or without times. */
export async function* recordsInFrames(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  onFault: FaultListener,
): AsyncGenerator<Recorded> {
  const { hasTimes, records } = await openCapture(chunks);
  for await (const item of outcomesIn(records)) {
    if (!('outcome' in item)) {
      if (item.kind === 'gap') {
        const place = item.connection > 0 ? { file, connection: item.connection } : { file };
        onFault({ message: gapNote(item), place, isLoss: true });
      } else if (item.kind === 'fault') {
        onFault({ message: item.error.message, place: { file, offset: item.offset }, isLoss: true });
      } else {
        const { connection, frame, offset } = item;
        const message = 'the capture ended behind a header: the payload is missing';
        onFault({ message, place: { file, connection, frame, offset }, isLoss: true });
      }
      continue;
    }
    const { outcome, connection, frame, offset, time } = item;
    const place = { file, connection, frame, offset };
    const when = hasTimes ? { receivedAt: time } : {};
    switch (outcome.kind) {
      case 'logs':
        yield* eventsIn(outcome, place, when);
        break;
      case 'status': {
        const { droppedChannelFull, droppedBatchFull } = outcome;
        yield { kind: 'status', droppedChannelFull, droppedBatchFull, place, ...when };
        break;
      }
      case 'unknown-variant':
        onFault({ message: 'a message of a kind that this version does not know', place, isLoss: false });
        break;
      default:
        onFault({ message: outcome.error.message, place, isLoss: true });
    }
  }
}

/** The events of a batch. @throws ERR_INVALID_PROTOBUF if its bytes are not valid. */
export function* eventsIn(batch: LogBatch, place: Place, when: { receivedAt?: number }): Generator<Recorded> {
  const { request } = batch;
  for (const log of request.logs) yield { kind: 'event', event: eventOf(request, log), place, ...when };
}
