import { PROXY_OPTIONS, RUN_OPTIONS } from '../../server/proxy-options.js';
import { defaultSocketPath, SOCKET_PATH_ENV } from '../../socket-path.js';
import { FORMAT_CHOICES } from '../arguments.js';
import { LOG_LEVELS } from '../program-logger.js';
import { AUDIT_ROWS } from './audit-rows.js';
import { CODER_ROWS } from './coder-rows.js';
import {
  address,
  byteSize,
  consoleAddress,
  fileMode,
  hosts,
  oneOf,
  path,
  reporters,
  seconds,
  text,
  timeLimit,
  toggle,
  whole,
} from './kinds.js';
import { NATS_ROWS } from './nats-rows.js';
import {
  BLOCKING_WITH_SOURCE,
  CUSTOM_SOCKET,
  DROPPING,
  LOCAL_METRICS,
  NO_REDACT,
  NO_SOURCE,
  NO_SPOOL,
  RECORD,
  SPOOL,
  STDOUT,
} from './needs.js';
import { REDACT_ROWS } from './redact-rows.js';
import { RETRY_ROWS } from './retry-rows.js';
import { helpOf, type Table, type Values } from './row.js';
import { SOURCE_ROWS } from './source-rows.js';
import { VIEW_ROWS } from './view-rows.js';

const DAY = 86_400;

/** Every option of `serve`, in the order of the help and of the documentation. */
export const SERVE_OPTIONS = {
  socket: {
    kind: path(PROXY_OPTIONS.socketPath),
    takes: 'path',
    default: defaultSocketPath(),
    shownDefault: '$TMPDIR/boundary-audit.sock',
    doc: helpOf(PROXY_OPTIONS.socketPath),
    needs: [CUSTOM_SOCKET, NO_SOURCE],
    sharedVariable: SOCKET_PATH_ENV,
  },
  socketMode: {
    kind: fileMode,
    takes: 'mode',
    default: PROXY_OPTIONS.socketMode.default,
    shownDefault: `0${PROXY_OPTIONS.socketMode.default.toString(8)}`,
    doc: `${helpOf(PROXY_OPTIONS.socketMode)}, in octal`,
    needs: [CUSTOM_SOCKET, NO_SOURCE],
  },
  socketGroup: {
    kind: text(PROXY_OPTIONS.socketGroup),
    takes: 'group',
    doc: helpOf(PROXY_OPTIONS.socketGroup),
    needs: [CUSTOM_SOCKET, NO_SOURCE],
  },
  replace: {
    kind: toggle,
    default: PROXY_OPTIONS.replace.default,
    doc: helpOf(PROXY_OPTIONS.replace),
    needs: [CUSTOM_SOCKET, NO_SOURCE],
  },
  ...SOURCE_ROWS,
  buffer: {
    kind: whole(PROXY_OPTIONS.bufferSize),
    takes: 'batches',
    default: PROXY_OPTIONS.bufferSize.default,
    doc: helpOf(PROXY_OPTIONS.bufferSize),
    needs: [NO_SPOOL],
  },
  bufferBytes: {
    kind: byteSize,
    shownDefault: PROXY_OPTIONS.bufferBytes.defaultDoc.replace('`bufferSize`', 'buffer'),
    doc: helpOf(PROXY_OPTIONS.bufferBytes),
    needs: [NO_SPOOL],
    isFileOnly: true,
  },
  overflow: {
    kind: oneOf('drop', 'block'),
    takes: 'what',
    default: PROXY_OPTIONS.overflow.default,
    doc: 'when the buffer is full: drop the newest batch, or block the senders, which --source implies',
    needs: [BLOCKING_WITH_SOURCE],
  },
  fairShare: {
    kind: toggle,
    default: PROXY_OPTIONS.fairShare.default,
    doc: 'drop the newest batch of a connection that has more than an equal share of the buffer, before the buffer is full',
    needs: [NO_SPOOL, NO_SOURCE, DROPPING],
  },
  maxConnections: {
    kind: whole(PROXY_OPTIONS.maxConnections),
    takes: 'n',
    default: PROXY_OPTIONS.maxConnections.default,
    doc: helpOf(PROXY_OPTIONS.maxConnections),
    needs: [NO_SOURCE],
  },
  frameTimeout: {
    kind: timeLimit,
    takes: 'seconds',
    default: PROXY_OPTIONS.frameTimeout.default / 1000,
    doc: 'how many seconds a frame that has begun may take before its connection is closed, or off',
    needs: [NO_SOURCE],
  },
  idleTimeout: {
    kind: timeLimit,
    takes: 'seconds',
    default: PROXY_OPTIONS.idleTimeout.default,
    shownDefault: 'off',
    doc: 'how many seconds a sender may be silent before its connection is closed, or off',
    needs: [NO_SOURCE],
  },
  maxStatusCount: {
    kind: whole(PROXY_OPTIONS.maxStatusCount),
    default: PROXY_OPTIONS.maxStatusCount.default,
    doc: helpOf(PROXY_OPTIONS.maxStatusCount),
    needs: [NO_SOURCE],
    isFileOnly: true,
  },
  reporter: {
    kind: reporters,
    takes: 'name',
    default: ['stdout'],
    shownDefault: 'stdout',
    doc: 'where to forward the logs: stdout, coder, otlp, nats://HOST:PORT, tls://HOST:PORT, socket:PATH, or null, which only counts them; may be repeated',
  },
  ...CODER_ROWS,
  ...NATS_ROWS,
  eventsFile: {
    kind: path(),
    takes: 'path',
    doc: 'write events to this file instead of stdout; SIGHUP reopens it',
    needs: [STDOUT],
  },
  format: {
    kind: oneOf(...FORMAT_CHOICES),
    takes: 'format',
    default: 'auto',
    doc: `${FORMAT_CHOICES.join(', ')}; auto means pretty on a terminal, otherwise json`,
    needs: [STDOUT],
  },
  ...RETRY_ROWS,
  spool: {
    kind: path(),
    takes: 'dir',
    doc: 'store batches in this directory until they are delivered; survives restarts',
    needs: [NO_SOURCE],
  },
  spoolMaxBytes: {
    kind: byteSize,
    takes: 'size',
    default: 256 * 2 ** 20,
    shownDefault: '256MiB',
    doc: 'how many bytes of batches the spool holds, for all reporters together',
    needs: [SPOOL],
  },
  spoolSync: {
    kind: toggle,
    default: false,
    doc: 'sync the spool to disk, so that it survives a power failure, too',
    needs: [SPOOL],
  },
  record: {
    kind: path(),
    takes: 'file',
    doc: 'write the received bytes to a new file, as a capture that decode and replay read',
    needs: [NO_REDACT, NO_SOURCE],
  },
  recordMaxBytes: {
    kind: byteSize,
    takes: 'size',
    default: 2 ** 30,
    shownDefault: '1GiB',
    doc: 'how many bytes the capture may have',
    needs: [RECORD],
  },
  ...REDACT_ROWS,
  ...AUDIT_ROWS,
  metrics: {
    kind: address,
    takes: 'address',
    default: { host: '127.0.0.1', port: 9465 },
    shownDefault: '127.0.0.1:9465',
    doc: 'address that serves /metrics, /healthz and /livez, or off',
  },
  allowHost: {
    kind: hosts,
    takes: 'name',
    doc: 'Host that requests to a loopback --metrics address may name; may be repeated',
    needs: [LOCAL_METRICS],
  },
  console: {
    kind: consoleAddress,
    takes: 'address',
    alone: 'on',
    default: 'off',
    doc: 'serve a page that shows the events, on this machine only (127.0.0.1:9466 unless an address is given)',
  },
  drain: {
    kind: whole({ min: 0, max: DAY }),
    takes: 'seconds',
    default: 8,
    doc: 'how many seconds to keep forwarding after SIGTERM or SIGINT',
  },
  grace: {
    kind: seconds(RUN_OPTIONS.graceMs),
    default: RUN_OPTIONS.graceMs.default / 1000,
    doc: 'how many seconds the end waits for reports in progress',
    isFileOnly: true,
  },
  summary: {
    kind: toggle,
    default: false,
    doc: 'at the end, write to stderr how many events each host, session and process had',
  },
  logLevel: {
    kind: oneOf(...LOG_LEVELS),
    takes: 'level',
    default: 'info',
    doc: `level of the program's own log on stderr: ${LOG_LEVELS.join(', ')}`,
  },
  ...VIEW_ROWS,
} as const satisfies Table;

export type ServeOptions = Values<typeof SERVE_OPTIONS>;
export type OptionName = keyof ServeOptions;
