// A pipeline put together by hand, with a custom sink: it prints each event, and how each connection ended. A pipeline
// destroys its members, so what connections share is a route of a Demux.
//   node examples/custom-sink.js /tmp/custom.sock
//   node dist/lib/cli/main.js send --socket /tmp/custom.sock --sample 5
import { createServer } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Demux, FrameParser, formatBatch, MessageDecoder } from 'boundary-log-proxy';

const [socketPath] = process.argv.slice(2);
if (socketPath === undefined) throw new Error('usage: custom-sink.js SOCKET');

// All connections share it. Until it calls back, batches queue up, and then the senders wait.
const customSink = new Writable({
  objectMode: true,
  write(/** @type {import('boundary-log-proxy').LogBatch} */ batch, _encoding, callback) {
    process.stdout.write(formatBatch(batch, 'logfmt'), callback);
  },
});

const server = createServer(async (socket) => {
  // The members of a pipeline belong to one connection, so each connection gets new ones.
  const demux = new Demux({
    logs: customSink,
    status: ({ droppedChannelFull }) => console.log('sender dropped', Number(droppedChannelFull)),
    skip: ({ error }) => console.log('skipped', error.code),
  });
  try {
    await pipeline(socket, new FrameParser(), new MessageDecoder(), demux);
    console.log('ended');
  } catch (error) {
    // The stream had a fatal header, such as ERR_UNSUPPORTED_TAG. Everything before it has reached the sink.
    console.log('failed', /** @type {NodeJS.ErrnoException} */ (error).code);
  }
});
server.listen(socketPath, () => console.log('listening'));

// Closing the server removes its socket file.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    process.exit();
  });
}
