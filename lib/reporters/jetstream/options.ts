import { hostname } from 'node:os';
import {
  NATS_OPTIONS,
  type NatsOptions,
  resolveNatsOptions,
  STREAM_OPTIONS,
  type StreamOptions,
} from '../../nats/nats-options.js';
import { milliseconds, type OptionCheck, type OptionTable } from '../../options.js';

/** Options of {@link JetStreamReporter}. */
export interface JetStreamReporterOptions extends NatsOptions, StreamOptions {
  /** Name of this proxy, which each message has in a header. Default: the name of the host. */
  proxy?: string | undefined;
  /**
   * How long the stream may take to acknowledge a batch, in ms. The default is less than the default of
   * `retry.timeoutMs`, so that a slow one fails with its own error. Default: `8000`.
   */
  callTimeoutMs?: number | undefined;
  /** Upper limit of `callTimeoutMs`, which doubles after each batch that took too long, in ms. Default: `240000`. */
  maxCallTimeoutMs?: number | undefined;
}

/** What can be sent in a header. */
const PROXY_NAME: OptionCheck = {
  expected: 'a name of 1 to 255 visible ASCII characters',
  accepts: (value) => typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value),
};

/** Those that only the reporter has. */
export const PUBLISH_OPTIONS = {
  proxy: {
    ...PROXY_NAME,
    makeDefault: hostName,
    defaultDoc: 'the name of the host',
    doc: 'Name of this proxy, which each message has in a header',
  },
  callTimeoutMs: {
    ...milliseconds({ min: 1 }),
    default: 8000,
    doc: 'How long the stream may take to acknowledge a batch, in ms',
  },
  maxCallTimeoutMs: {
    ...milliseconds({ min: 1 }),
    default: 240_000,
    doc: 'Upper limit of `callTimeoutMs`, which doubles after each batch that took too long, in ms',
  },
} satisfies OptionTable<Omit<JetStreamReporterOptions, keyof NatsOptions | keyof StreamOptions>>;

export const JETSTREAM_OPTIONS = {
  ...NATS_OPTIONS,
  ...STREAM_OPTIONS,
  ...PUBLISH_OPTIONS,
} satisfies OptionTable<JetStreamReporterOptions>;

/** @throws ERR_INVALID_OPTION. The error never contains a secret. */
export function resolveJetStreamOptions(options: JetStreamReporterOptions) {
  return resolveNatsOptions<JetStreamReporterOptions, typeof JETSTREAM_OPTIONS>(
    'JetStreamReporter',
    options,
    JETSTREAM_OPTIONS,
  );
}

export type ResolvedJetStreamOptions = ReturnType<typeof resolveJetStreamOptions>;

function hostName(): string {
  return (
    hostname()
      .replaceAll(/[^\x21-\x7e]/g, '-')
      .slice(0, 255) || 'unknown'
  );
}
