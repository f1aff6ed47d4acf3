import { SERVERS } from '../../nats/servers.js';
import { JETSTREAM_SOURCE_OPTIONS } from '../../sources/jetstream/source-options.js';
import { refusedUrl } from '../nats-address.js';
import { type Kind, text } from './kinds.js';
import { CUSTOM_SOCKET, SOURCE } from './needs.js';
import type { Table } from './row.js';

/** The servers of NATS. A value that is not acceptable is not shown, because it may contain a password. */
export const natsUrl: Kind<string> = {
  parse: (name, texts) => {
    const value = texts.at(-1);
    if (value !== undefined && SERVERS.accepts(value)) return value;
    throw refusedUrl(name, SERVERS.expected);
  },
  schema: { type: 'string', pattern: '^([nN][aA][tT][sS]|[tT][lL][sS])://.' },
};

/** Where batches come from, if not from the socket. */
export const SOURCE_ROWS = {
  source: {
    kind: natsUrl,
    takes: 'url',
    doc: 'take the logs from a NATS JetStream stream, instead of listening on the socket: nats://HOST:PORT or tls://HOST:PORT, or several hosts separated by commas; the buffer has 1000 batches then',
    needs: [CUSTOM_SOCKET],
  },
  natsConsumer: {
    kind: text(JETSTREAM_SOURCE_OPTIONS.consumer),
    takes: 'name',
    default: JETSTREAM_SOURCE_OPTIONS.consumer.default,
    doc: 'durable consumer of the stream, which all proxies with the same --source share',
    needs: [SOURCE],
  },
} as const satisfies Table;
