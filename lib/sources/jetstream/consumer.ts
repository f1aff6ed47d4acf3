import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';
import { passing } from '../../connection/failure.js';
import { REQUEST_TIMEOUT_MS } from '../../nats/connect.js';
import { ApiCode, apiCode, refusal, requestFailure } from '../../nats/failures.js';
import type { NatsSession } from '../../nats/session.js';
import { quoted } from '../../printable.js';
import { ackWaitMs, consumerWarnings, newConsumer, unusable } from './consumer-check.js';

const MS = 1e6;

/** What the server calls a consumer that does not exist. */
const CONSUMER_NOT_FOUND = 10_014;

/** The durable consumer that all forwarders share. */
export interface Consumer {
  readonly isCreated: boolean;
  /** How it could lose messages, one sentence each. */
  readonly warnings: readonly string[];
  /** How long the server waits for an answer before it delivers a message again, in ms. */
  readonly ackWaitMs: number;
  /** The most that one request may ask for, and how long it may stay open, in ms. */
  readonly maxMessages: number;
  readonly maxExpiresMs: number;
}

/**
 * Creates the consumer if it is missing. One that exists is checked, and never changed. Several forwarders may do this at
 * the same time.
 *
 * @throws ERR_NATS_REFUSED if the consumer cannot be used or created
 * @throws ERR_CONNECT_FAILED if the stream does not exist yet, or has no leader
 * @throws ERR_CONNECTION_LOST, ERR_CALL_TIMEOUT
 */
export async function ensureConsumer(
  { manager: { consumers } }: Pick<NatsSession, 'manager'>,
  stream: string,
  name: string,
  maxBatches: number,
): Promise<Consumer> {
  const what = `the consumer ${quoted(name)} of the stream ${quoted(stream)}`;
  try {
    return checked(what, await consumers.info(stream, name), maxBatches);
  } catch (error) {
    if (apiCode(error) !== CONSUMER_NOT_FOUND) throw failure(stream, `${what} cannot be checked`, error);
  }
  try {
    const info = await consumers.add(stream, newConsumer(name) as ConsumerConfig);
    return { ...checked(what, info, maxBatches), isCreated: true };
  } catch (error) {
    throw failure(stream, `${what} does not exist, and cannot be created`, error);
  }
}

/** @throws ERR_NATS_REFUSED */
function checked(what: string, { config }: ConsumerInfo, maxBatches: number): Consumer {
  const problem = unusable(config);
  if (problem !== undefined) throw refusal(`${what} ${problem}`);
  const { max_batch = 0, max_expires = 0 } = config as { max_batch?: number; max_expires?: number };
  return {
    isCreated: false,
    warnings: consumerWarnings(config, maxBatches),
    ackWaitMs: ackWaitMs(config),
    maxMessages: max_batch > 0 ? max_batch : Number.POSITIVE_INFINITY,
    maxExpiresMs: max_expires > 0 ? max_expires / MS : Number.POSITIVE_INFINITY,
  };
}

function failure(stream: string, what: string, error: unknown) {
  if (apiCode(error) !== ApiCode.STREAM_NOT_FOUND) return requestFailure(what, error, REQUEST_TIMEOUT_MS);
  // A forwarder may be started before the first edge proxy.
  const message = `the stream ${quoted(stream)} does not exist yet: a proxy with --reporter nats://… creates it; or name another one with --nats-stream`;
  return passing('ERR_CONNECT_FAILED', message, error);
}
