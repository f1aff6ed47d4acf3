// Redaction alone, in this process: from a request to the same without secrets.
import { decodeMessage } from 'boundary-log-proxy/codec';
import { resolveOptions } from '../../dist/lib/options.js';
import { REDACT_OPTIONS } from '../../dist/lib/redaction/redact-options.js';
import { RequestRedactor } from '../../dist/lib/redaction/request-redactor.js';
import { cpuSeconds } from '../clock.js';
import { framesOf } from '../load.js';
import { CPU_UNIT } from '../plays.js';

/** Logs in a full run. */
const LOGS = 300_000;
const LOGS_PER_BATCH = 10;

const requests = framesOf(LOGS_PER_BATCH).map((frame) => {
  const outcome = decodeMessage({ tag: 2, payload: frame.subarray(4) });
  if (outcome.kind !== 'logs') throw new Error('not a batch');
  return outcome.raw;
});

/**
 * @param {string} name
 * @param {import('boundary-log-proxy').RedactOptions} options
 * @param {'redact' | 'redactSlowly'} method
 * @returns {import('../measure.js').Measure}
 */
function redacting(name, options, method = 'redact') {
  const redactor = new RequestRedactor('redact', resolveOptions('redact', options, REDACT_OPTIONS));
  const pass = (/** @type {number} */ batches) => {
    for (let i = 0; i < batches; i++) {
      redactor[method](/** @type {import('node:buffer').NonSharedBuffer} */ (requests[i % requests.length]));
    }
  };
  return {
    name,
    async run({ smoke }) {
      const batches = (smoke ? LOGS / 100 : LOGS) / LOGS_PER_BATCH;
      pass(batches);
      const begun = cpuSeconds();
      pass(batches);
      return { million: ((cpuSeconds() - begun) / (batches * LOGS_PER_BATCH)) * 1e6 };
    },
  };
}

const rows = [
  { name: 'redaction', options: {} },
  { name: 'redaction, with a name that is kept', options: { keep: ['name'] } },
  { name: 'redaction, with a pattern', options: { pattern: '/bot[0-9]+:[A-Za-z0-9_-]+' } },
].map(({ name, options }) => ({
  name: `${name}, 10 per batch`,
  unit: CPU_UNIT,
  figure: 'million',
  of: redacting(name, options),
  baseline: redacting('JavaScript', options, 'redactSlowly'),
}));

/** @type {import('../measure.js').Group} */
export const redaction = { title: 'Redaction alone', runs: 7, rows };
