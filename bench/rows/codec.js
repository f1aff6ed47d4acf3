// The codec alone, in this process: from a payload to what the proxy needs to know about it.
import { decodeMessage } from 'boundary-log-proxy/codec';
import { coder } from '../../codec/generated/boundary.js';
import { cpuSeconds } from '../clock.js';
import { framesOf } from '../load.js';
import { CPU_UNIT } from '../plays.js';

const { BoundaryMessage } = coder.boundarylogproxy.codec.v1;
/** How many logs a full run decodes. */
const LOGS = 300_000;

/**
 * @param {string} name
 * @param {number} logs Logs in each batch.
 * @param {(payload: Buffer) => unknown} decode
 * @returns {import('../measure.js').Measure}
 */
function decoding(name, logs, decode) {
  const payloads = framesOf(logs).map((frame) => frame.subarray(4));
  const pass = (/** @type {number} */ n) => {
    for (let i = 0; i < n; i++) decode(/** @type {Buffer} */ (payloads[i % payloads.length]));
  };
  return {
    name,
    async run({ smoke }) {
      const batches = Math.ceil((smoke ? LOGS / 100 : LOGS) / logs);
      pass(batches);
      const begun = cpuSeconds();
      pass(batches);
      const cpu = cpuSeconds() - begun;
      return { batch: (cpu / batches) * 1e6, million: (cpu / (batches * logs)) * 1e6 };
    },
  };
}

/** @type {import('../measure.js').Group} */
export const codec = {
  title: 'The codec alone: decodeMessage',
  runs: 7,
  rows: [1, 10, 100].flatMap((logs) => {
    const of = decoding('decodeMessage', logs, (payload) => decodeMessage({ tag: 2, payload }));
    const baseline = decoding('protobufjs', logs, (payload) => BoundaryMessage.decode(payload));
    return [
      { name: `codec, ${logs} per batch`, unit: 'CPU µs / batch', figure: 'batch', of, baseline },
      { name: `codec, ${logs} per batch, million`, unit: CPU_UNIT, figure: 'million', of, baseline },
    ];
  }),
};
