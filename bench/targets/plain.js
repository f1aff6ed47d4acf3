// The obvious implementation: a pipeline of readable-streams that decodes everything with protobufjs.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { pipeline, Transform, Writable } from 'readable-stream';
import { coder } from '../../codec/generated/boundary.js';

/**
 * @typedef {(error?: Error | null, object?: unknown) => void} Callback
 * @typedef {{ logs: coder.agent.v2.ReportBoundaryLogsRequest }} Message
 */

const { BoundaryMessage } = coder.boundarylogproxy.codec.v1;

/**
 * @param {string} socketPath
 * @param {{ reporter?: 'null' | 'stdout' }} options
 * @returns {Promise<import('../target.js').Target>}
 */
export async function open(socketPath, { reporter = 'null' }) {
  let decoded = 0;
  const server = createServer((socket) => {
    const sink = new Writable({
      objectMode: true,
      write(
        /** @type {Message} */ { logs },
        /** @type {string} */ _encoding,
        /** @type {Callback} */ callback,
      ) {
        decoded += logs.logs.length;
        if (reporter === 'null') callback();
        else process.stdout.write(linesOf(logs), callback);
      },
    });
    pipeline(socket, cutter(), decoder(), sink, () => undefined);
  }).listen(socketPath);
  await once(server, 'listening');
  return {
    ages: [],
    isDone: ({ logs }) => decoded === logs,
    async close() {
      server.close();
    },
  };
}

/** Bytes → payloads. */
function cutter() {
  /** @type {Buffer} */
  let rest = Buffer.alloc(0);
  return new Transform({
    readableObjectMode: true,
    transform(
      /** @type {Buffer} */ chunk,
      /** @type {string} */ _encoding,
      /** @type {Callback} */ callback,
    ) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let pos = 0;
      while (pos + 4 <= bytes.length) {
        const end = pos + 4 + (bytes.readUInt32BE(pos) & 0xff_ffff);
        if (end > bytes.length) break;
        this.push(bytes.subarray(pos + 4, end));
        pos = end;
      }
      rest = bytes.subarray(pos);
      callback();
    },
  });
}

/** Payloads → messages. */
function decoder() {
  return new Transform({
    objectMode: true,
    transform(
      /** @type {Buffer} */ payload,
      /** @type {string} */ _encoding,
      /** @type {Callback} */ callback,
    ) {
      callback(null, BoundaryMessage.decode(payload));
    },
  });
}

/** @param {coder.agent.v2.ReportBoundaryLogsRequest} request */
function linesOf({ sessionId, confinedProcessName, logs }) {
  let text = '';
  for (const { allowed, sequenceNumber, httpRequest, time } of logs) {
    const line = {
      msg: 'boundary_request',
      decision: allowed ? 'allow' : 'deny',
      session_id: sessionId,
      sequence_number: sequenceNumber,
      confined_process_name: confinedProcessName,
      http_method: httpRequest?.method,
      http_url: httpRequest?.url,
      event_time: new Date(Number(time?.seconds) * 1000 + Number(time?.nanos) / 1e6).toISOString(),
      matched_rule: httpRequest?.matchedRule,
    };
    text += `${JSON.stringify(line)}\n`;
  }
  return text;
}
