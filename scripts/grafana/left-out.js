/** The metrics of `serve` that the dashboard does not show, and why. */
export const LEFT_OUT = {
  process_virtual_memory_bytes: 'Node reserves many more addresses than it uses, so the number says nothing',
  process_heap_bytes: 'it is the size of the data segment, of which the resident memory is what counts',
  nodejs_eventloop_lag_seconds: 'it is one measurement, at the moment of the scrape',
  nodejs_eventloop_lag_min_seconds: 'the longest delays matter',
  nodejs_eventloop_lag_mean_seconds: 'the longest delays matter',
  nodejs_eventloop_lag_stddev_seconds: 'the longest delays matter',
  nodejs_eventloop_lag_p50_seconds: 'the longest delays matter',
  nodejs_eventloop_lag_p90_seconds: 'the longest delays matter',
  nodejs_version_info: 'build_info has the version of Node',
};
