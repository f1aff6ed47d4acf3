// The goals, which the table shows. Missing one is not a failure, because machines differ.

import { HOSTILE_GOALS } from './rows/hostile.js';

/** By name of the row: the upper limit of its figure, or of its ratio to the baseline. */
export const GOALS = /** @type {Record<string, { figure?: number, ratio?: number }>} */ ({
  'proxy, null, 1 per batch': { figure: 0.8 },
  'proxy, null, 10 per batch': { figure: 0.16 },
  'proxy, null, 100 per batch': { figure: 0.1 },
  'proxy, stdout json to a file, 10 per batch': { figure: 0.45 },
  'proxy, stdout json to a file, redacted, 10 per batch': { ratio: 1.5 },
  'proxy, stdout json to a file, redacted, 10 per batch, no queries': { ratio: 1.5 },
  'proxy, stdout json to a file, redacted, 10 per batch, all with queries': { ratio: 1.5 },
  'proxy, stdout json to a file, redacted, 10 per batch, with a name that is kept': { ratio: 1.5 },
  'proxy, stdout json to a file, redacted, 1 per batch': { ratio: 1.5 },
  'proxy, stdout json to a file, redacted, 100 per batch': { ratio: 1.5 },
  'paced, 500 batches/s': { figure: 8.1 },
  'paced, 5000 batches/s': { figure: 3.2 },
  'paced, 20000 batches/s': { figure: 1.9 },
  'latency, p50': { figure: 150 },
  'latency, p99': { figure: 1000 },
  'fairness, honest': { figure: 50 },
  'fairness, empty frames': { figure: 50 },
  'fairness, invalid frames': { figure: 50 },
  'fairness, expensive frames': { figure: 50 },
  'fairness, fatal headers': { figure: 50 },
  'proxy, stdout json to a pipe, 10 per batch': { ratio: 1.3 },
  'memory, 1000 connections, as the command': { figure: 100 },
  'memory, blocked connection, 1 per batch': { figure: 192 },
  'memory, blocked connection, 10 per batch': { figure: 192 },
  'memory, blocked connection, 100 per batch': { figure: 192 },
  'connections, 1000': { ratio: 1.5 },
  'console, at full speed, no page is open': { ratio: 1.05 },
  'console, at full speed, a page is open': { ratio: 1.05 },
  'console, 5000 batches/s, no page is open': { ratio: 1.05 },
  'console, 5000 batches/s, a page is open': { ratio: 1.05 },
  'filling it to 1 GB, memory': { ratio: 1.2 },
  'emptying 1 GB, memory': { ratio: 1.2 },
  '1 GB, time until it is open': { figure: 100 },
  // One segment more, which is a sixteenth.
  'disk use at most': { figure: 1.0625 },
  'a backlog of 100,000 batches, 50 ms per call': { figure: 60 },
  // A third of what the Go agent needed.
  'coder, 150 batches/s, --linger 100': { figure: 0.233 },
  'replace, the path is missing': { figure: 1 },
  ...HOSTILE_GOALS,
});
