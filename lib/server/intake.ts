import type { Writable as NodeWritable } from 'node:stream';
import { holding } from '../../codec/fast-path.js';
import {
  boundaryProtocol,
  decodePayload,
  FrameDecoder,
  type FrameFault,
  type Outcome,
  type StatusReport,
} from '../../codec/index.js';
import type { BoundaryLogError } from '../errors.js';
import { type Callback, Writable } from '../streams/base.js';
import type { RejectReason } from '../telemetry/metrics.js';

/** What all connections share. */
export interface Sinks {
  /** Takes each batch. Its backpressure is kept. */
  readonly logs: NodeWritable;
  status(report: StatusReport): void;
  /** Told of each frame that was not let in. */
  reject(reason: RejectReason, error?: BoundaryLogError): void;
}

/**
 * Writable: the bytes of one connection → the sinks that all share. FrameParser → MessageDecoder → Demux in one
 * step, held by its tests to lead to the same: per batch, three streams cost more than all that is done in them.
 * After a fatal frame it tells so once, and throws away what is written.
 */
export class Intake extends Writable {
  readonly #sinks: Sinks;
  readonly #onFatal: () => void;
  readonly #decoder = new FrameDecoder<Outcome>(boundaryProtocol, decodePayload);
  /** Stops waiting for the logs' sink. */
  #stopWaiting: (() => void) | undefined;

  /** @param onFatal The connection is to be closed: what follows cannot be read. */
  constructor(sinks: Sinks, onFatal: () => void) {
    super();
    this.#sinks = sinks;
    this.#onFatal = onFatal;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    if (this.#decoder.ended) {
      callback();
      return;
    }
    const items = holding(chunk, () => this.#decoder.decode(chunk));
    this.#take(items, 0, callback);
  }

  override _final(callback: Callback): void {
    const fault = this.#decoder.end();
    if (fault !== undefined) this.#reject(fault.error);
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#stopWaiting?.();
    callback(error);
  }

  #take(items: readonly (Outcome | FrameFault)[], from: number, callback: Callback): void {
    const { logs } = this.#sinks;
    for (let i = from; i < items.length; i++) {
      const item = items[i] as Outcome | FrameFault;
      if ('kind' in item && item.kind === 'logs') {
        if (logs.write(item)) continue;
        this.#wait(() => this.#take(items, i + 1, callback));
        return;
      }
      this.#takeOther(item);
    }
    callback();
  }

  /** Whatever is no batch. */
  #takeOther(item: Outcome | FrameFault): void {
    if (!('kind' in item)) {
      this.#reject(item.error);
      if (item.fatal) this.#onFatal();
    } else if (item.kind === 'status') {
      this.#sinks.status(item);
    } else if (item.kind === 'unknown-variant') {
      this.#sinks.reject('unknown_variant');
    } else if (item.kind === 'skip') {
      this.#reject(item.error);
    }
  }

  #reject(error: BoundaryLogError): void {
    this.#sinks.reject(error.code.slice('ERR_'.length).toLowerCase() as RejectReason, error);
  }

  #wait(goOn: () => void): void {
    const { logs } = this.#sinks;
    const onDrain = () => {
      this.#stopWaiting?.();
      goOn();
    };
    this.#stopWaiting = () => {
      this.#stopWaiting = undefined;
      logs.off('drain', onDrain);
    };
    logs.on('drain', onDrain);
  }
}
