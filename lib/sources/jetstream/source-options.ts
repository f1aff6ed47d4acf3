import {
  NATS_OPTIONS,
  type NatsOptions,
  type ResolvedNatsOptions,
  resolveNatsOptions,
  STREAM_NAME,
} from '../../nats/nats-options.js';
import { type OptionTable, wholeNumber } from '../../options.js';

/** Options of `JetStreamSource`. */
export interface JetStreamSourceOptions extends NatsOptions {
  /**
   * Name of the durable consumer, which all forwarders of a stream share. It is created if it does not exist. Default:
   * `'boundary-log-proxy'`.
   */
  consumer?: string | undefined;
  /** How many batches may be here that were neither accepted, returned nor rejected. Default: `1000`. */
  maxBatches?: number | undefined;
  /**
   * How many bytes these batches may have; at least as many as the largest message that the server accepts. Default:
   * 32768 for each batch of `maxBatches`.
   */
  maxBytes?: number | undefined;
}

export const SOURCE_OPTIONS = {
  consumer: {
    ...STREAM_NAME,
    default: 'boundary-log-proxy',
    doc: 'Name of the durable consumer, which all forwarders of a stream share',
  },
  maxBatches: {
    ...wholeNumber({ min: 1 }),
    default: 1000,
    doc: 'How many batches may be here that were neither accepted, returned nor rejected',
  },
  maxBytes: {
    ...wholeNumber({ min: 1 }),
    defaultDoc: '32768 for each batch of `maxBatches`',
    doc: 'How many bytes these batches may have; at least as many as the largest message that the server accepts',
  },
} satisfies OptionTable<Omit<JetStreamSourceOptions, keyof NatsOptions>>;

export const JETSTREAM_SOURCE_OPTIONS = {
  ...NATS_OPTIONS,
  ...SOURCE_OPTIONS,
} satisfies OptionTable<JetStreamSourceOptions>;

export interface ResolvedSourceOptions extends ResolvedNatsOptions {
  readonly consumer: string;
  readonly maxBatches: number;
  readonly maxBytes: number;
}

/** @throws ERR_INVALID_OPTION. The error never contains a secret. */
export function resolveSourceOptions(options: JetStreamSourceOptions): ResolvedSourceOptions {
  const resolved = resolveNatsOptions('JetStreamSource', options, JETSTREAM_SOURCE_OPTIONS);
  return { ...resolved, maxBytes: resolved.maxBytes ?? resolved.maxBatches * 32_768 };
}
