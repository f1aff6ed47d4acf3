import type { ConsumerConfig } from '@nats-io/jetstream';
import { ALL_SUBJECTS } from '../../nats/message.js';
import { coverage } from '../../nats/stream.js';

const MS = 1e6;

/** How long the server waits for an answer before it delivers a message again, if this package creates the consumer. */
export const ACK_WAIT_MS = 30_000;

/** With less, a pause of the process or of the network is enough to have messages delivered twice. */
const LEAST_ACK_WAIT_MS = 5_000;

/**
 * How many messages all forwarders together may hold, if this package creates the consumer. A forwarder whose reporter
 * fails holds what it has; the others must still receive messages.
 */
const MAX_ACK_PENDING = 65_536;

/** The consumer that is created if there is none. */
export function newConsumer(name: string): Partial<ConsumerConfig> {
  return {
    durable_name: name,
    ack_policy: 'explicit',
    deliver_policy: 'all',
    filter_subject: ALL_SUBJECTS,
    ack_wait: ACK_WAIT_MS * MS,
    max_ack_pending: MAX_ACK_PENDING,
    max_deliver: -1,
  };
}

/** How long the server waits before it delivers a message again, in ms. */
export function ackWaitMs({ ack_wait = 0, backoff = [] }: Partial<ConsumerConfig>): number {
  const waits = [ack_wait, ...backoff].filter((wait) => wait > 0);
  return waits.length === 0 ? ACK_WAIT_MS : Math.min(...waits) / MS;
}

/** What makes an existing consumer unusable, as the end of a sentence; undefined if nothing does. */
export function unusable(config: Partial<ConsumerConfig>): string | undefined {
  if (config.deliver_subject)
    return 'is a push consumer, and a source needs a pull consumer: choose another name';
  if (config.headers_only)
    return 'delivers messages without their data (headers_only): choose another name, or create it again';
  return undefined;
}

/**
 * What is dangerous about an existing consumer, one sentence each. It is never changed.
 *
 * @param maxBatches How many messages one forwarder may hold.
 */
export function consumerWarnings(config: Partial<ConsumerConfig>, maxBatches: number): string[] {
  const warnings: string[] = [];
  const {
    ack_policy,
    max_deliver = -1,
    max_ack_pending = 0,
    deliver_policy,
    inactive_threshold = 0,
  } = config;
  if (ack_policy === 'none')
    warnings.push(
      'it counts messages as delivered when they are sent (ack policy none): what a forwarder holds when it ends is lost',
    );
  else if (ack_policy !== 'explicit')
    warnings.push(
      `one acknowledgement is valid for all messages before it (ack policy ${ack_policy}): a message that could not be delivered is lost if a later one is`,
    );
  if (max_deliver > 0)
    warnings.push(
      `it gives a message up after ${max_deliver} deliveries (max_deliver): an outage of the reporter can lose messages`,
    );
  const filters = config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : []);
  if (filters.length > 0 && !filters.some((filter) => coverage(filter) === 'all'))
    warnings.push(
      `it delivers only the subjects ${filters.join(', ')}: nothing else of ${ALL_SUBJECTS} is forwarded`,
    );
  if (deliver_policy !== undefined && deliver_policy !== 'all')
    warnings.push(
      `it does not begin with the first message (deliver policy ${deliver_policy}): what the stream contained before is not forwarded`,
    );
  if (inactive_threshold > 0)
    warnings.push(
      `the server deletes it if no forwarder asks for ${inactive_threshold / MS / 1000} s (inactive_threshold): everything is delivered again then`,
    );
  if (config.mem_storage)
    warnings.push(
      'a restart of the server forgets what was acknowledged (mem_storage): everything is delivered again then',
    );
  if (max_ack_pending > 0 && max_ack_pending < 2 * maxBatches)
    warnings.push(
      `all forwarders together may hold ${max_ack_pending} messages (max_ack_pending), and each may hold ${maxBatches}: one of them whose reporter fails can keep the others from receiving anything`,
    );
  const waitMs = ackWaitMs(config);
  if (waitMs < LEAST_ACK_WAIT_MS)
    warnings.push(
      `it delivers a message again after ${waitMs / 1000} s without an answer (ack_wait, backoff): short pauses lead to duplicates`,
    );
  return warnings;
}
