import { NATS_OPTIONS, STREAM_OPTIONS } from '../../nats/nats-options.js';
import { JETSTREAM_OPTIONS } from '../../reporters/jetstream/options.js';
import { byteSize, path, seconds, text, whole } from './kinds.js';
import { NATS, NATS_SERVER } from './needs.js';
import { helpOf, type Table } from './row.js';

/** How long a stream may keep something, in seconds. */
const YEAR = 366 * 86_400;

/** The options of NATS JetStream. */
export const NATS_ROWS = {
  natsStream: {
    kind: text(NATS_OPTIONS.stream),
    takes: 'name',
    default: NATS_OPTIONS.stream.default,
    doc: 'name of the stream; it is created if it is missing',
    needs: [NATS_SERVER],
  },
  natsCredentials: {
    kind: path(),
    takes: 'path',
    doc: 'credentials file (.creds) with a JWT and a seed; read for each new connection',
    needs: [NATS_SERVER],
  },
  natsCa: {
    kind: path(),
    takes: 'path',
    doc: 'certificates of the authorities to trust, as PEM; only a connection with TLS is good enough then',
    needs: [NATS_SERVER],
  },
  natsCert: {
    kind: path(),
    takes: 'path',
    doc: 'certificate of this client, as PEM, with --nats-key',
    needs: [NATS_SERVER],
  },
  natsKey: {
    kind: path(),
    takes: 'path',
    doc: 'private key of this client, as PEM',
    needs: [NATS_SERVER],
  },
  natsInFlight: {
    kind: whole({ min: 1, max: 1000 }),
    takes: 'n',
    default: 64,
    doc: 'how many batches may wait for their acknowledgement, at most one of each session',
    needs: [NATS],
  },
  natsReplicas: {
    kind: whole(STREAM_OPTIONS.replicas),
    takes: 'n',
    default: STREAM_OPTIONS.replicas.default,
    doc: helpOf(STREAM_OPTIONS.replicas),
    needs: [NATS],
  },
  natsMaxBytes: {
    kind: byteSize,
    takes: 'size',
    shownDefault: 'no limit',
    doc: helpOf(STREAM_OPTIONS.maxBytes),
    needs: [NATS],
  },
  natsMaxAge: {
    kind: whole({ min: 1, max: YEAR }),
    takes: 'seconds',
    shownDefault: 'no limit',
    doc: 'how many seconds messages are kept, if the stream is created',
    needs: [NATS],
  },
  natsDuplicateWindow: {
    kind: whole({ min: 1, max: YEAR }),
    takes: 'seconds',
    default: STREAM_OPTIONS.duplicateWindowMs.default / 1000,
    doc: 'how many seconds the stream remembers the ids of messages, if it is created: a retry within this time is stored once',
    needs: [NATS],
  },
  natsProxy: {
    kind: text(JETSTREAM_OPTIONS.proxy),
    shownDefault: JETSTREAM_OPTIONS.proxy.defaultDoc,
    doc: helpOf(JETSTREAM_OPTIONS.proxy),
    needs: [NATS],
    isFileOnly: true,
  },
  natsConnectTimeout: {
    kind: seconds(NATS_OPTIONS.connectTimeoutMs),
    default: NATS_OPTIONS.connectTimeoutMs.default / 1000,
    doc: 'how many seconds it may take to connect to one host',
    needs: [NATS_SERVER],
    isFileOnly: true,
  },
  natsReconnectDelay: {
    kind: seconds(NATS_OPTIONS.reconnectInitialDelayMs),
    default: NATS_OPTIONS.reconnectInitialDelayMs.default / 1000,
    doc: 'longest delay before the first attempt to reconnect, in seconds; each delay is random, and its longest value doubles',
    needs: [NATS_SERVER],
    isFileOnly: true,
  },
  natsReconnectMaxDelay: {
    kind: seconds(NATS_OPTIONS.reconnectMaxDelayMs),
    default: NATS_OPTIONS.reconnectMaxDelayMs.default / 1000,
    doc: 'upper limit of the longest delay, in seconds',
    needs: [NATS_SERVER],
    isFileOnly: true,
  },
  natsKeepAlive: {
    kind: seconds(NATS_OPTIONS.keepAliveMs),
    default: NATS_OPTIONS.keepAliveMs.default / 1000,
    doc: 'how often the server is pinged, in seconds; a connection on which two pings are not answered ends',
    needs: [NATS_SERVER],
    isFileOnly: true,
  },
} as const satisfies Table;
