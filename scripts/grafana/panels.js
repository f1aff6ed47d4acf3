/*
 * What the dashboard shows, from the most important to the least. Expressions have the names of metrics as they are in
 * docs/operating.md; the generator adds their prefix and the variables of the dashboard. The text of a panel is followed
 * by the help of its metrics.
 */

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} says What it means, and what to do.
 * @property {'total' | 'number' | 'states' | 'lines' | 'bars' | 'ranking'} shows A total, which should be 0; numbers; the
 *   states of a reporter over time; lines; bars; or the proxies with the largest values.
 * @property {string} unit Of Grafana.
 * @property {readonly (readonly [expression: string, legend: string])[]} queries
 * @property {number} [max] Of the axis.
 * @property {number} [limit] A value above which it is shown in red.
 * @property {Readonly<Record<string, readonly [text: string, colour: string]>>} [words] For values.
 */

/** How full a buffer may be before there is an alert. */
export const FULL = 0.8;

/** Counts of the time before each point, and of the time range of the dashboard. */
const each = '[$__rate_interval]';
const all = '[$__range]';

const UP = /** @type {const} */ ({ 0: ['unavailable', 'red'], 1: ['up', 'green'] });
const WASM = /** @type {const} */ ({ 0: ['JavaScript', 'orange'], 1: ['WebAssembly', 'green'] });

/** What was received and is nowhere, for batches or logs. */
export const unaccounted = (/** @type {'batches' | 'logs'} */ unit) =>
  `${unit}_received_total + ${unit}_recovered_total + ${unit}_redelivered_total - ${unit}_forwarded_total` +
  ` - sum without (reason) (${unit}_dropped_total${unit === 'logs' ? '{reason!~"boundary_.*"}' : ''})` +
  ` - ${unit}_returned_total - buffer_${unit} - in_flight_${unit}`;

/** The same for further reporters. */
export const unaccountedOfOthers = (/** @type {'batches' | 'logs'} */ unit) =>
  `reporter_${unit}_received_total + reporter_${unit}_redelivered_total - reporter_${unit}_forwarded_total` +
  ` - sum without (reason) (reporter_${unit}_dropped_total)` +
  ` - reporter_${unit}_returned_total - reporter_buffer_${unit} - reporter_in_flight_${unit}`;

/** @type {readonly (readonly [section: string, panels: readonly Panel[]])[]} */
export const SECTIONS = [
  [
    'Is anything lost?',
    [
      {
        title: 'Logs lost',
        says: 'Logs that did not reach a reporter in the time range. The panels below show the reasons.',
        shows: 'total',
        unit: 'short',
        queries: [
          [`sum(increase(logs_dropped_total${all}))`, 'the first reporter'],
          [`sum by (reporter) (increase(reporter_logs_dropped_total${all}))`, '{{reporter}}'],
        ],
      },
      {
        title: 'Events missing in sessions',
        says:
          'Of sessions that ended in the time range: numbers that never arrived, or were lost later. ' +
          'The log of the proxy has a line for each session.',
        shows: 'total',
        unit: 'short',
        queries: [[`sum(increase(events_missing_total${all}))`, 'events']],
      },
      {
        title: 'Part of batches lost',
        says: 'Of the batches that were forwarded or dropped in the time range.',
        shows: 'total',
        unit: 'percentunit',
        queries: [
          [
            `sum(increase(batches_dropped_total${all})) / ` +
              `(sum(increase(batches_dropped_total${all})) + sum(increase(batches_forwarded_total${all})) > 0)`,
            'the first reporter',
          ],
        ],
      },
      {
        title: 'Frames rejected',
        says: 'Each is a message of a sender that the proxy could not read, and usually contained logs.',
        shows: 'total',
        unit: 'short',
        queries: [[`sum(increase(frames_rejected_total${all}))`, 'frames']],
      },
      {
        title: 'Missing in the spool',
        says: 'If this is not 0, run `boundary-log-proxy spool DIR --verify`, and check the disk.',
        shows: 'total',
        unit: 'short',
        queries: [[`sum(increase(spool_missing_batches_total${all}))`, 'batches']],
      },
      {
        title: 'Missing in recordings',
        says: 'Of `serve --record`. Usually the disk is full, or `--record-max-bytes` is reached.',
        shows: 'total',
        unit: 'bytes',
        queries: [[`sum(increase(record_missing_bytes_total${all}))`, 'bytes']],
      },
      {
        title: 'Unaccounted for',
        says:
          'Everything that was received is forwarded, dropped, in the buffer or in flight. ' +
          'If this is not 0, the proxy has a bug: report it.',
        shows: 'total',
        unit: 'short',
        queries: [
          [`sum(abs(${unaccounted('batches')}))`, 'batches'],
          [`sum(abs(${unaccounted('logs')}))`, 'logs'],
          [`sum by (reporter) (abs(${unaccountedOfOthers('batches')}))`, 'batches of {{reporter}}'],
          [`sum by (reporter) (abs(${unaccountedOfOthers('logs')}))`, 'logs of {{reporter}}'],
        ],
      },
      {
        title: 'Logs lost, by reason',
        says: 'The reasons boundary_* are what boundary itself dropped before it sent anything.',
        shows: 'bars',
        unit: 'short',
        queries: [
          [`sum by (reason) (increase(logs_dropped_total${each}))`, '{{reason}}'],
          [
            `sum by (reporter, reason) (increase(reporter_logs_dropped_total${each})) > 0`,
            '{{reporter}}: {{reason}}',
          ],
        ],
      },
      {
        title: 'Batches lost, by reason',
        says: 'A batch whose logs cannot be counted, as in a damaged spool, appears only here.',
        shows: 'bars',
        unit: 'short',
        queries: [
          [`sum by (reason) (increase(batches_dropped_total${each}))`, '{{reason}}'],
          [
            `sum by (reporter, reason) (increase(reporter_batches_dropped_total${each})) > 0`,
            '{{reporter}}: {{reason}}',
          ],
        ],
      },
      {
        title: 'Events missing in sessions, by who lost them',
        says: 'Nobody has an account of those that are unexplained: they were lost on the way to the proxy.',
        shows: 'bars',
        unit: 'short',
        queries: [[`sum by (lost_by) (increase(events_missing_total${each}))`, '{{lost_by}}']],
      },
      {
        title: 'Frames rejected, by reason',
        says: 'The reason unknown_variant means that boundary is newer than the proxy: update the proxy.',
        shows: 'bars',
        unit: 'short',
        queries: [[`sum by (reason) (increase(frames_rejected_total${each}))`, '{{reason}}']],
      },
      {
        title: 'Proxies that lose most logs',
        says: 'In the time range. Choose one of them above to see only that one.',
        shows: 'ranking',
        unit: 'short',
        queries: [[`topk(10, sum by (instance) (increase(logs_dropped_total${all})))`, '{{instance}}']],
      },
      {
        title: 'Missing ids of the spool',
        says: 'The range of missing batches that was found last. Their files are kept in the folder of the spool.',
        shows: 'number',
        unit: 'none',
        queries: [
          ['max by (instance) (spool_missing_first_id)', '{{instance}}: from'],
          ['max by (instance) (spool_missing_end_id)', '{{instance}}: to before'],
        ],
      },
      {
        title: "Lines of the proxy's log lost",
        says: 'Nobody reads stderr of the proxy, or its reader is too slow. No event is lost by this.',
        shows: 'total',
        unit: 'short',
        queries: [[`sum(increase(log_lines_lost_total${all}))`, 'lines']],
      },
    ],
  ],
  [
    'Is the reporter up?',
    [
      {
        title: 'Reporters unavailable',
        says: 'Their proxies retry and keep the batches. Do not restart them: without a spool they lose what they hold.',
        shows: 'total',
        unit: 'short',
        queries: [['sum(1 - reporter_up)', 'unavailable']],
      },
      {
        title: 'Reporters',
        says: 'Unavailable from a failure until the next success.',
        shows: 'states',
        unit: 'none',
        words: UP,
        queries: [['min by (instance, reporter) (reporter_up)', '{{instance}} {{reporter}}']],
      },
      {
        title: 'Time since the last success',
        says: 'It grows, too, if nothing arrives. A reporter that never had a success is not shown.',
        shows: 'lines',
        unit: 's',
        queries: [
          ['time() - max by (instance) (last_success_timestamp_seconds > 0)', '{{instance}}'],
          [
            'time() - max by (instance, reporter) (reporter_last_success_timestamp_seconds > 0)',
            '{{instance}} {{reporter}}',
          ],
        ],
      },
      {
        title: 'Retries',
        says: 'Many retries without a loss mean that a reporter fails now and then.',
        shows: 'lines',
        unit: 'ops',
        queries: [
          [`sum by (instance) (rate(retries_total${each}))`, '{{instance}}'],
          [`sum by (instance, reporter) (rate(reporter_retries_total${each}))`, '{{instance}} {{reporter}}'],
        ],
      },
      {
        title: 'How long the reporter takes',
        says: 'For batches that it accepted, without the time between retries.',
        shows: 'lines',
        unit: 's',
        queries: [
          [
            `histogram_quantile(0.99, sum by (le) (rate(forward_duration_seconds_bucket${each})))`,
            '99 % take less',
          ],
          [
            `histogram_quantile(0.5, sum by (le) (rate(forward_duration_seconds_bucket${each})))`,
            'half takes less',
          ],
          [
            `sum(rate(forward_duration_seconds_sum${each})) / sum(rate(forward_duration_seconds_count${each}))`,
            'mean',
          ],
        ],
      },
    ],
  ],
  [
    'Flow',
    [
      {
        title: 'Logs',
        says: 'If more is received than forwarded, the buffer fills.',
        shows: 'lines',
        unit: 'cps',
        queries: [
          [`sum(rate(logs_received_total${each}))`, 'received'],
          [`sum(rate(logs_forwarded_total${each}))`, 'forwarded'],
          [`sum(rate(logs_dropped_total${each}))`, 'lost'],
        ],
      },
      {
        title: 'Batches',
        says: 'boundary sends a batch after ten logs, or after five seconds.',
        shows: 'lines',
        unit: 'cps',
        queries: [
          [`sum(rate(batches_received_total${each}))`, 'received'],
          [`sum(rate(batches_forwarded_total${each}))`, 'forwarded'],
          [`sum(rate(batches_dropped_total${each}))`, 'lost'],
        ],
      },
      {
        title: 'Sessions',
        says: 'A session is one run of boundary. It ends when it is idle, or when the proxy ends.',
        shows: 'lines',
        unit: 'short',
        queries: [
          ['sum by (instance) (sessions_open)', '{{instance}}: open'],
          [`sum by (instance) (increase(sessions_total${each}))`, '{{instance}}: new'],
        ],
      },
      {
        title: 'Events that sessions cannot explain',
        says: 'Duplicates come from retries of a sender. Events without a session are from an old boundary: update it.',
        shows: 'bars',
        unit: 'short',
        queries: [
          [`sum(increase(events_duplicated_total${each}))`, 'received twice'],
          [`sum(increase(events_without_session_total${each}))`, 'without a session'],
        ],
      },
      {
        title: 'Recovered from the spool',
        says: 'What the spool contained when the proxy started. It is received and forwarded, not lost.',
        shows: 'lines',
        unit: 'short',
        queries: [
          ['sum by (instance) (batches_recovered_total)', '{{instance}}: batches'],
          ['sum by (instance) (logs_recovered_total)', '{{instance}}: logs'],
        ],
      },
      {
        title: 'Sources',
        says: 'Where forwarders take batches from. During an outage, what they do not receive waits there.',
        shows: 'states',
        unit: 'none',
        words: UP,
        queries: [['min by (instance) (source_up)', '{{instance}}']],
      },
      {
        title: 'Batches delivered again',
        says: 'A source delivers again what was returned to it, and what a forwarder held when it ended: these may arrive twice.',
        shows: 'lines',
        unit: 'cps',
        queries: [
          [`sum(rate(batches_redelivered_total${each}))`, 'delivered again'],
          [`sum(rate(batches_returned_total${each}))`, 'returned'],
          [
            `sum by (reporter) (rate(reporter_batches_redelivered_total${each}))`,
            '{{reporter}}: delivered again',
          ],
          [`sum by (reporter) (rate(reporter_batches_returned_total${each}))`, '{{reporter}}: returned'],
        ],
      },
      {
        title: 'Logs delivered again',
        says: 'The same in logs.',
        shows: 'lines',
        unit: 'cps',
        queries: [
          [`sum(rate(logs_redelivered_total${each}))`, 'delivered again'],
          [`sum(rate(logs_returned_total${each}))`, 'returned'],
          [
            `sum by (reporter) (rate(reporter_logs_redelivered_total${each}))`,
            '{{reporter}}: delivered again',
          ],
          [`sum by (reporter) (rate(reporter_logs_returned_total${each}))`, '{{reporter}}: returned'],
        ],
      },
      {
        title: 'Logs of further reporters',
        says: 'Each reporter receives everything. What its spool contained at the start is included.',
        shows: 'lines',
        unit: 'cps',
        queries: [
          [`sum by (reporter) (rate(reporter_logs_received_total${each}))`, '{{reporter}}: received'],
          [`sum by (reporter) (rate(reporter_logs_forwarded_total${each}))`, '{{reporter}}: forwarded'],
        ],
      },
      {
        title: 'Batches of further reporters',
        says: 'If a reporter forwards less than it receives, its buffer fills.',
        shows: 'lines',
        unit: 'cps',
        queries: [
          [`sum by (reporter) (rate(reporter_batches_received_total${each}))`, '{{reporter}}: received'],
          [`sum by (reporter) (rate(reporter_batches_forwarded_total${each}))`, '{{reporter}}: forwarded'],
        ],
      },
    ],
  ],
  [
    'Buffer and spool',
    [
      {
        title: 'How full the buffers are',
        says:
          'At 100 % the proxy drops what arrives, or lets senders wait (`--overflow block`). ' +
          'A spool is limited by its bytes, a buffer in memory by its batches, too.',
        shows: 'lines',
        unit: 'percentunit',
        max: 1,
        limit: FULL,
        queries: [
          ['max by (instance) (buffer_bytes / buffer_capacity_bytes)', '{{instance}}: bytes'],
          ['max by (instance) (buffer_batches / buffer_capacity_batches)', '{{instance}}: batches'],
          [
            'max by (instance, reporter) (reporter_buffer_bytes / reporter_buffer_capacity_bytes)',
            '{{instance}} {{reporter}}: bytes',
          ],
          [
            'max by (instance, reporter) (reporter_buffer_batches / ignoring (reporter) group_left buffer_capacity_batches)',
            '{{instance}} {{reporter}}: batches',
          ],
        ],
      },
      {
        title: 'Bytes',
        says: 'Of batches in buffers and spools. All reporters of a proxy have the same capacity.',
        shows: 'lines',
        unit: 'bytes',
        queries: [
          ['sum by (instance) (buffer_bytes)', '{{instance}}'],
          ['sum by (instance) (buffer_capacity_bytes)', '{{instance}}: capacity'],
          ['sum by (instance, reporter) (reporter_buffer_bytes)', '{{instance}} {{reporter}}'],
          [
            'sum by (instance, reporter) (reporter_buffer_capacity_bytes)',
            '{{instance}} {{reporter}}: capacity',
          ],
        ],
      },
      {
        title: 'Batches that wait',
        says: 'A spool has no capacity in batches.',
        shows: 'lines',
        unit: 'short',
        queries: [
          ['sum by (instance) (buffer_batches)', '{{instance}}'],
          ['sum by (instance) (buffer_capacity_batches < Inf)', '{{instance}}: capacity'],
          ['sum by (instance) (in_flight_batches)', '{{instance}}: in flight'],
          ['sum by (instance, reporter) (reporter_buffer_batches)', '{{instance}} {{reporter}}'],
          [
            'sum by (instance, reporter) (reporter_in_flight_batches)',
            '{{instance}} {{reporter}}: in flight',
          ],
        ],
      },
      {
        title: 'Logs that wait',
        says: 'So many logs are lost if a proxy without a spool is killed now.',
        shows: 'lines',
        unit: 'short',
        queries: [
          ['sum by (instance) (buffer_logs)', '{{instance}}'],
          ['sum by (instance) (in_flight_logs)', '{{instance}}: in flight'],
          ['sum by (instance, reporter) (reporter_buffer_logs)', '{{instance}} {{reporter}}'],
          ['sum by (instance, reporter) (reporter_in_flight_logs)', '{{instance}} {{reporter}}: in flight'],
        ],
      },
      {
        title: 'Failures of the spool',
        says: 'The proxy retries them. If they go on, the disk is full or broken: the log has the error.',
        shows: 'bars',
        unit: 'short',
        queries: [[`sum by (instance) (increase(spool_failures_total${each}))`, '{{instance}}']],
      },
    ],
  ],
  [
    'Connections',
    [
      {
        title: 'Open connections',
        says: 'Each run of boundary has one. At the limit, further connections are closed at once.',
        shows: 'lines',
        unit: 'short',
        queries: [
          ['sum by (instance) (connections_open)', '{{instance}}'],
          ['sum by (instance) (connections_max)', '{{instance}}: limit'],
        ],
      },
      {
        title: 'New and silent connections',
        says: 'Silent connections are closed only with `--idle-timeout`.',
        shows: 'lines',
        unit: 'cps',
        queries: [
          [`sum(rate(connections_total${each}))`, 'accepted'],
          [`sum(rate(connections_idle_total${each}))`, 'closed, because silent'],
        ],
      },
      {
        title: 'Connections closed at once',
        says: 'What their senders write is lost. Raise `--max-connections`, or the limit of file descriptors.',
        shows: 'bars',
        unit: 'short',
        queries: [[`sum by (reason) (increase(connections_rejected_total${each}))`, '{{reason}}']],
      },
      {
        title: 'Shortages',
        says: 'What the system could not provide: for example EMFILE is a file descriptor, and ENOSPC space on a disk.',
        shows: 'bars',
        unit: 'short',
        queries: [[`sum by (kind) (increase(resource_shortages_total${each}))`, '{{kind}}']],
      },
      {
        title: 'Requests to the metrics address that were not answered',
        says: 'Somebody else than Prometheus uses this address, or a request took longer than 10 s.',
        shows: 'bars',
        unit: 'short',
        queries: [[`sum by (reason) (increase(http_connections_closed_total${each}))`, '{{reason}}']],
      },
    ],
  ],
  [
    'Process',
    [
      {
        title: 'Versions',
        says: 'How many proxies run each version, on each version of Node.',
        shows: 'number',
        unit: 'short',
        queries: [['count by (version, node) (build_info)', '{{version}}, Node {{node}}']],
      },
      {
        title: 'Uptime',
        says: 'Each restart sets all counters to 0.',
        shows: 'lines',
        unit: 's',
        queries: [['time() - max by (instance) (process_start_time_seconds)', '{{instance}}']],
      },
      {
        title: 'CPU',
        says: 'One core is 100 %.',
        shows: 'lines',
        unit: 'percentunit',
        queries: [[`sum by (instance) (rate(process_cpu_seconds_total${each}))`, '{{instance}}']],
      },
      {
        title: 'Memory',
        says: 'The limit of a container applies to the resident memory.',
        shows: 'lines',
        unit: 'bytes',
        queries: [
          ['sum by (instance) (process_resident_memory_bytes)', '{{instance}}: resident'],
          ['sum by (instance) (nodejs_heap_size_total_bytes)', '{{instance}}: heap'],
          ['sum by (instance) (nodejs_heap_size_used_bytes)', '{{instance}}: heap in use'],
          ['sum by (instance) (nodejs_external_memory_bytes)', '{{instance}}: buffers of bytes'],
        ],
      },
      {
        title: 'File descriptors',
        says: 'At the limit, connections are closed at once: raise LimitNOFILE of systemd, or `ulimit -n`.',
        shows: 'lines',
        unit: 'short',
        queries: [
          ['sum by (instance) (process_open_fds)', '{{instance}}'],
          ['sum by (instance) (process_max_fds)', '{{instance}}: limit'],
        ],
      },
      {
        title: 'Delay of the event loop',
        says: 'About 10 ms is the resolution of the measurement. Much more means that the process has too little CPU.',
        shows: 'lines',
        unit: 's',
        queries: [
          ['max by (instance) (nodejs_eventloop_lag_p99_seconds)', '{{instance}}: 99 % are shorter'],
          ['max by (instance) (nodejs_eventloop_lag_max_seconds)', '{{instance}}: longest'],
        ],
      },
      {
        title: 'Garbage collection',
        says: 'The part of the time that it takes.',
        shows: 'lines',
        unit: 'percentunit',
        queries: [[`sum by (kind) (rate(nodejs_gc_duration_seconds_sum${each}))`, '{{kind}}']],
      },
      {
        title: 'WebAssembly',
        says: 'Without it the proxy needs more CPU: look for a policy that forbids it, such as `--jitless`.',
        shows: 'number',
        unit: 'none',
        words: WASM,
        queries: [['min by (instance) (wasm_enabled)', '{{instance}}']],
      },
      {
        title: 'Errors of embedding programs',
        says: 'Only if the proxy runs inside of another program: its logger or its registry throws.',
        shows: 'bars',
        unit: 'short',
        queries: [[`sum by (source) (increase(foreign_errors_total${each}))`, '{{source}}']],
      },
    ],
  ],
];
