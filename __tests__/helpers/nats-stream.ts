import { afterEach } from '@jest/globals';
import {
  type ConsumerConfig,
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type ConnectionOptions, connect, headers, type NatsConnection } from '@nats-io/transport-node';
import type { LogBatch } from '../../codec/index.js';
import { ALL_SUBJECTS, Header, MESSAGE_ID, messageIdOf, subjectOf } from '../../lib/nats/message.js';
import type { NatsServer } from './nats-server.js';

export const STREAM = 'boundary-logs';
export const CONSUMER = 'boundary-log-proxy';

/** A stream as a proxy makes it, and what a test does with it. */
export class TestStream {
  constructor(
    readonly connection: NatsConnection,
    readonly manager: JetStreamManager,
  ) {}

  /** Publishes batches as a proxy does, one after the other. */
  async publish(...batches: LogBatch[]): Promise<void> {
    for (const batch of batches) {
      await this.publishRaw(batch.raw, {
        [Header.TAG]: String(batch.tag),
        [Header.COUNT]: String(batch.count),
        [MESSAGE_ID]: messageIdOf(batch),
      });
    }
  }

  async publishRaw(data: Uint8Array, fields: Record<string, string>, session = ''): Promise<void> {
    const all = headers();
    for (const [name, value] of Object.entries(fields)) all.set(name, value);
    await this.manager.jetstream().publish(subjectOf(session), data, { headers: all });
  }

  /** What the server knows about the consumer. */
  info(consumer = CONSUMER) {
    return this.manager.consumers.info(STREAM, consumer);
  }

  /** How many messages no forwarder has settled: those that wait, and those that somebody holds. */
  async unsettled(consumer = CONSUMER): Promise<number> {
    const info = await this.info(consumer).catch(() => undefined);
    if (info === undefined) return (await this.manager.streams.info(STREAM)).state.messages;
    const { num_pending, num_ack_pending } = info;
    return num_pending + num_ack_pending;
  }

  /**
   * What forwarders tell the server from now on, such as `3 +ACK`, with the sequence number of the message. Reasons are
   * left out, because only newer servers are told them.
   */
  async answers(): Promise<string[]> {
    const seen: string[] = [];
    this.connection.subscribe('$JS.ACK.>', {
      callback: (_error, { subject, data }) => {
        const tokens = subject.split('.');
        const answer = String(Buffer.from(data)).replace(/^\+TERM .*/, '+TERM');
        seen.push(`${tokens[tokens.length < 11 ? 5 : 7]} ${answer}`);
      },
    });
    await this.connection.flush();
    return seen;
  }

  addConsumer(config: Partial<ConsumerConfig>) {
    return this.manager.consumers.add(STREAM, {
      durable_name: CONSUMER,
      ack_policy: 'explicit',
      ...config,
    } as ConsumerConfig);
  }
}

/** Makes a stream on a server, and closes its connections after each test. */
export function natsStreams(): (
  server: NatsServer,
  config?: Partial<StreamConfig>,
  user?: ConnectionOptions,
) => Promise<TestStream> {
  const open: NatsConnection[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((connection) => connection.close()));
  });
  return async (server, config = {}, user = {}) => {
    const connection = await connect({ servers: server.address, ...user });
    open.push(connection);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: STREAM, subjects: [ALL_SUBJECTS], ...config } as StreamConfig);
    return new TestStream(connection, manager);
  };
}
