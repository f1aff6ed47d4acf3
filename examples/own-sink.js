// A pipeline put together by hand, with a sink of one's own behind it: a line for each event, and for each
// connection how it ended. A pipeline destroys its members, so what connections share is a route of a Demux.
//   node examples/own-sink.js /tmp/own.sock    then    npx boundary-log-proxy send --socket /tmp/own.sock --sample 5
import { createServer } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Demux, FrameParser, formatBatch, MessageDecoder } from 'boundary-log-proxy';

const [socketPath] = process.argv.slice(2);
if (socketPath === undefined) throw new Error('usage: own-sink.js SOCKET');

// One for all connections. While its callback is not called, batches queue up, and then the senders wait.
const ownSink = new Writable({
  objectMode: true,
  write(/** @type {import('boundary-log-proxy').LogBatch} */ batch, _encoding, callback) {
    process.stdout.write(formatBatch(batch, 'logfmt'), callback);
  },
});

const server = createServer(async (socket) => {
  // Members of a pipeline belong to one connection: new ones for each.
  const demux = new Demux({
    logs: ownSink,
    status: ({ droppedChannelFull }) => console.log('sender dropped', Number(droppedChannelFull)),
    skip: ({ error }) => console.log('skipped', error.code),
  });
  try {
    await pipeline(socket, new FrameParser(), new MessageDecoder(), demux);
    console.log('ended');
  } catch (error) {
    // A fatal header, such as ERR_UNSUPPORTED_TAG. Everything before it has reached the sink.
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
