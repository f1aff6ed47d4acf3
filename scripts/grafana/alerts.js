import { stringify } from 'yaml';
import { FULL, unaccounted, unaccountedOfOthers } from './panels.js';

/** @import { Metrics } from './metrics.js' */

/**
 * @typedef {object} Alert
 * @property {string} alert
 * @property {string} expr With the names of metrics as they are in docs/operating.md.
 * @property {string} [for] How long it must be so. Default: not at all.
 * @property {'critical' | 'warning'} severity Critical: events are lost. Warning: they will be, if nobody does anything.
 * @property {string} summary
 * @property {string} description What it means, and what to do.
 */

/** How long an alert about an event that is over stays, so that somebody sees it. */
const WINDOW = '10m';

const OR = '\n  or ';

/**
 * A counter grew. A time series that is new has no value before to compare with: what it counts then happened between the
 * start of the proxy and the first scrape.
 *
 * @param {string} counter
 */
const grew = (counter) =>
  `increase(${counter}[${WINDOW}]) > 0${OR}(${counter} > 0 unless ${counter} offset ${WINDOW})`;

const WHERE = '{{ $labels.instance }}';
/** Only further reporters have a label. */
const REPORTER = '{{ with $labels.reporter }} (reporter {{ . }}){{ end }}';

/**
 * For each reason of a loss, why it happened and what to do.
 *
 * @type {Readonly<Record<string, string>>}
 */
const ADVICE = {
  buffer_full:
    'The buffer was full, because the reporter is too slow or unavailable. Look at the log of the proxy for the error ' +
    'of the reporter. A larger --buffer, or --spool, survives longer outages.',
  unfair_share:
    'A sender had already used its share of the buffer. Find out why it sends so much, or raise --buffer.',
  forward_failed:
    'The reporter failed until the proxy gave up. Look at the log of the proxy for the error. With --spool, the proxy ' +
    'retries without a limit.',
  shutdown:
    'The proxy was closed before these batches were delivered. Use --spool, or give the proxy more time with --drain.',
  rejected:
    'The reporter will never accept these batches. The log of the proxy contains its answer, which says why.',
  spool_full:
    'The spool was full, or could not be written to. Look at the log of the proxy: correct the reporter or the disk, or ' +
    'raise --spool-max-bytes.',
  spool_damaged:
    'Batches in the spool are damaged, unreadable or gone. Run "boundary-log-proxy spool DIR --verify", and check the disk.',
  redaction_failed:
    'The secrets in their URLs could not be removed, so the proxy did not forward these batches. Report the error in its ' +
    'log as a bug.',
  quarantined:
    'The process ended twice while it processed these batches. They are kept in the folder quarantine of the spool: ' +
    'report a bug.',
  boundary_channel_full:
    'boundary itself dropped these logs, because its queue was full. The proxy does not read fast enough: see whether ' +
    'its buffer is full and senders wait, or whether it has too little CPU.',
  boundary_batch_full:
    'boundary itself dropped these logs, because it could not send them. See whether the buffer of the proxy is full and ' +
    'senders wait, or whether it was not running.',
};

/** @type {readonly Alert[]} */
const ALERTS = [
  {
    alert: 'BoundaryLogsLost',
    // The logs of a damaged batch cannot always be counted, so batches are looked at, too.
    expr: [
      'logs_dropped_total',
      'batches_dropped_total',
      'reporter_logs_dropped_total',
      'reporter_batches_dropped_total',
    ]
      .map(grew)
      .join(OR),
    severity: 'critical',
    summary: `Audit logs were lost at ${WHERE}${REPORTER}: {{ $labels.reason }}`,
    description: '',
  },
  {
    alert: 'BoundarySessionsIncomplete',
    expr: grew('events_missing_total'),
    severity: 'critical',
    summary:
      `Events of sessions are missing at ${WHERE}: ` +
      '{{ if eq $labels.lost_by "unexplained" }}unexplained{{ else }}lost by the {{ $labels.lost_by }}{{ end }}',
    description:
      'Sessions have ended, and {{ printf "%.0f" $value }} of their events are missing. The log of the proxy has a line ' +
      'for each session, which says what is missing. If the proxy or the reporter lost them, see the reasons of the lost ' +
      'logs. If the sender lost them, it could not send: see whether the buffer was full or the proxy was not running. If they ' +
      'are unexplained, find out whether boundary was killed, or whether something between it and the proxy removes data.',
  },
  {
    alert: 'BoundaryFramesRejected',
    expr: grew('frames_rejected_total'),
    severity: 'warning',
    summary: `Messages of senders were rejected at ${WHERE}: {{ $labels.reason }}`,
    description:
      'The proxy could not read {{ printf "%.0f" $value }} messages, and the logs in them are lost. If the reason is ' +
      'unknown_variant or unsupported_tag, boundary may be newer than the proxy: update the proxy. Otherwise find out ' +
      'which program sends them; the log of the proxy names the errors.',
  },
  {
    alert: 'BoundaryConnectionsRejected',
    expr: grew('connections_rejected_total'),
    severity: 'warning',
    summary: `Senders could not connect to ${WHERE}: {{ $labels.reason }}`,
    description:
      'The proxy closed {{ printf "%.0f" $value }} connections at once, and what their senders wrote is lost. If the ' +
      'reason is max_connections, raise --max-connections. If it is descriptors, raise the limit of file descriptors: ' +
      'LimitNOFILE of systemd, or ulimit -n.',
  },
  {
    alert: 'BoundaryRecordingIncomplete',
    expr: grew('record_missing_bytes_total'),
    severity: 'warning',
    summary: `The recording of ${WHERE} is not complete`,
    description:
      'The proxy could not record {{ $value | humanize1024 }}B. It forwards them all the same. Free space on the disk of ' +
      '--record, or raise --record-max-bytes.',
  },
  {
    alert: 'BoundaryReporterUnavailable',
    expr: 'reporter_up == 0',
    for: '2m',
    severity: 'warning',
    summary: `A reporter of ${WHERE} is unavailable${REPORTER}`,
    description:
      'The proxy retries, and keeps what it receives until its buffer is full. Look at its log for the error, and correct ' +
      'the destination, the network or the token. Do not restart the proxy: without a spool it would lose what it holds.',
  },
  {
    alert: 'BoundarySourceUnavailable',
    expr: 'source_up == 0',
    for: '2m',
    severity: 'warning',
    summary: `The source of ${WHERE} is unavailable`,
    description:
      'The forwarder receives nothing, and retries. What it does not receive waits in the stream, until the stream is ' +
      'full or too old. Look at the log of the forwarder for the error, and correct the server, the network or the ' +
      'credentials.',
  },
  {
    alert: 'BoundaryBufferFilling',
    expr: [
      `buffer_bytes / buffer_capacity_bytes > ${FULL}`,
      `buffer_batches / buffer_capacity_batches > ${FULL}`,
      // All reporters of a proxy have buffers of the same capacity.
      `reporter_buffer_bytes / reporter_buffer_capacity_bytes > ${FULL}`,
      `reporter_buffer_batches / ignoring (reporter) group_left buffer_capacity_batches > ${FULL}`,
    ]
      // With a source, a full buffer is normal: what finds no room waits there.
      .map((ratio) => `${ratio} unless on (job, instance) source_up`)
      .join(OR),
    for: '1m',
    severity: 'warning',
    summary: `A buffer of ${WHERE} is {{ $value | humanizePercentage }} full${REPORTER}`,
    description:
      'When it is full, the proxy drops what arrives, or senders wait and boundary drops. If the reporter is unavailable, ' +
      'correct that. If it is too slow, give it more resources. A larger --spool-max-bytes, or --buffer, gains time, but ' +
      'changing it needs a restart, which without a spool loses what the buffer holds after --drain.',
  },
  {
    alert: 'BoundaryProxyUnreachable',
    // Only what was a proxy within the last day. A target that its service discovery removes has no `up`.
    expr: 'up == 0 and on (job, instance) last_over_time(build_info[1d])',
    for: '2m',
    severity: 'critical',
    summary: `The proxy ${WHERE} does not answer`,
    description:
      'Nothing tells whether it still forwards logs. If the process has ended, start it again before the next run of ' +
      'boundary: boundary looks for the socket only when it starts. If it runs, see whether Prometheus can reach its ' +
      'address, and whether the process has CPU.',
  },
  {
    alert: 'BoundaryProxyMiscounts',
    expr: [
      unaccounted('batches'),
      unaccounted('logs'),
      unaccountedOfOthers('batches'),
      unaccountedOfOthers('logs'),
    ]
      .map((difference) => `${difference} != 0`)
      .join(OR),
    for: '5m',
    severity: 'warning',
    summary: `The accounts of ${WHERE} do not balance${REPORTER}`,
    description:
      'What was received is not the sum of what was forwarded, dropped, kept and in flight: the difference is ' +
      '{{ $value }}. Therefore the other alerts may miss a loss. Report this as a bug, with all metrics of the proxy.',
  },
];

/**
 * The rules for Prometheus, as YAML.
 *
 * @param {Metrics} metrics
 * @param {readonly string[]} dropReasons The closed list of the proxy.
 */
export function alertRules(metrics, dropReasons) {
  const reasons = [...dropReasons, 'boundary_channel_full', 'boundary_batch_full'];
  const missing = reasons.filter((reason) => ADVICE[reason] === undefined);
  if (missing.length > 0) throw new Error(`scripts/grafana/alerts.js gives no advice for ${missing}`);
  const rules = ALERTS.map(({ alert, expr, for: duration, severity, summary, description }) => ({
    alert,
    expr: metrics.expand(expr),
    ...(duration === undefined ? {} : { for: duration }),
    labels: { severity },
    annotations: { summary, description: description || adviceFor(reasons) },
  }));
  const groups = [{ name: 'boundary-log-proxy', rules }];
  return `# Made by \`npm run grafana\` from scripts/grafana/alerts.js. Do not edit.\n${stringify({ groups }, { lineWidth: 120 })}`;
}

/** @param {readonly string[]} reasons */
function adviceFor(reasons) {
  const cases = reasons.map(
    (reason, i) => `{{ ${i === 0 ? 'if' : 'else if'} eq $labels.reason "${reason}" }}${ADVICE[reason]}`,
  );
  return `About {{ $value | humanize }} logs are lost, or batches if their logs cannot be counted. ${cases.join('')}{{ end }}`;
}
