// Sends newline-delimited JSON from stdin to a socket, one frame per event. split2 cuts the lines. A line that is not a
// valid event is reported and skipped. (BoundaryLogSender does more: it batches, numbers, splits and reconnects.)
//   node examples/ndjson-to-socket.js /tmp/custom.sock < events.ndjson
import { once } from 'node:events';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { logOf, MessageEncoder, toEvent } from 'boundary-log-proxy';
import split2 from 'split2';

const [socketPath] = process.argv.slice(2);
if (socketPath === undefined) throw new Error('usage: ndjson-to-socket.js SOCKET');

/** @param {string} line */
function toMessage(line) {
  try {
    const event = toEvent(JSON.parse(line));
    const { session_id = '', confined_process_name = '' } = event;
    const request = {
      sessionId: session_id,
      confinedProcessName: confined_process_name,
      logs: [logOf(event)],
    };
    return { kind: 'logs', request };
  } catch (error) {
    console.error('skipped:', /** @type {Error} */ (error).message);
    return undefined;
  }
}

const lines = split2(/\r?\n/, toMessage, { maxLength: 1 << 20, skipOverflow: true });
const encoder = new MessageEncoder();
encoder.on('drop', (_message, error) => console.error('skipped:', error.code));

const socket = connect(socketPath);
await once(socket, 'connect');
await pipeline(process.stdin, lines, encoder, socket);
