// Lines of JSON alone, in this process: from a decoded batch to the text that a reporter writes.
import { decodeMessage } from 'boundary-log-proxy/codec';
import { appendBatch } from '../../dist/lib/text/batch-text.js';
import { formatBatch } from '../../dist/lib/text/format.js';
import { TextBuffer } from '../../dist/lib/text/text-buffer.js';
import { cpuSeconds } from '../clock.js';
import { framesOf } from '../load.js';
import { CPU_UNIT } from '../plays.js';

/** Logs in a full run. */
const LOGS = 300_000;
const LOGS_PER_BATCH = 10;
/** Bytes of text that are written at once. */
const WRITE = 1 << 18;

const payloads = framesOf(LOGS_PER_BATCH).map((frame) => frame.subarray(4));

/**
 * @param {string} name
 * @param {(batch: Parameters<typeof formatBatch>[0], buffer: TextBuffer) => void} append
 * @returns {import('../measure.js').Measure}
 */
function writing(name, append) {
  const buffer = new TextBuffer();
  const pass = (/** @type {number} */ batches) => {
    for (let i = 0; i < batches; i++) {
      // A new batch each time, because a batch keeps its decoded objects.
      const payload = /** @type {Buffer} */ (payloads[i % payloads.length]);
      append(/** @type {any} */ (decodeMessage({ tag: 2, payload })), buffer);
      if (buffer.length < WRITE) continue;
      buffer.take();
      buffer.reuse();
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

/** @type {import('../measure.js').Group} */
export const text = {
  title: 'Lines of JSON alone, the decoding of the batch included',
  runs: 7,
  rows: [
    {
      name: 'json lines, 10 per batch',
      unit: CPU_UNIT,
      figure: 'million',
      of: writing('json lines', (batch, buffer) => {
        appendBatch(batch, 'json', {}, buffer);
      }),
      baseline: writing('formatBatch', (batch, buffer) => buffer.append(formatBatch(batch, 'json'))),
    },
  ],
};
