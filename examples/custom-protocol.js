// Another protocol on the same streams, with custom tags, lengths and messages. Tag 7 carries JSON of up to 1 MiB, tag 8
// a heartbeat without a payload. A client in the same program sends some traffic over TCP.
//   node examples/custom-protocol.js
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Demux, FrameParser, MessageDecoder } from 'boundary-log-proxy';
import { encodeFrame } from 'boundary-log-proxy/codec';

const JSON_TAG = 7;
const HEARTBEAT_TAG = 8;
const MAX_JSON_LENGTH = 1 << 20;

/** @typedef {{ kind: 'json', value: any } | { kind: 'heartbeat' }} Message The `kind` distinguishes them. */
/** @type {import('boundary-log-proxy').Protocol<Message>} */
const protocol = {
  tags: {
    // If decode throws, the frame becomes a skip, and the next frame follows.
    [JSON_TAG]: {
      maxLength: MAX_JSON_LENGTH,
      decode: ({ payload }) => ({ kind: 'json', value: JSON.parse(payload.toString()) }),
    },
    [HEARTBEAT_TAG]: { maxLength: 0, decode: () => ({ kind: 'heartbeat' }) },
  },
  kinds: ['json', 'heartbeat'],
};

const server = createServer(async (socket) => {
  /** @type {Demux<Message>} */
  const demux = new Demux(
    {
      json: ({ value }) => console.log('json', value.name ?? value.length),
      heartbeat: () => console.log('heartbeat'),
      skip: ({ error }) => console.log('skip', error.code),
    },
    { protocol },
  );
  const streams = [new FrameParser({ protocol }), new MessageDecoder({ protocol }), demux];
  await pipeline([socket, ...streams]).catch((error) => console.log('failed', error.code));
  server.close();
});
await once(server.listen(0, '127.0.0.1'), 'listening');

const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
// The server closes the connection in the end, which the client may see as an error.
const client = connect(port, '127.0.0.1').on('error', () => undefined);
/** @param {string} text */
const json = (text) => encodeFrame(JSON_TAG, Buffer.from(text), MAX_JSON_LENGTH);
client.write(json('{"name":"first"}'));
client.write(encodeFrame(HEARTBEAT_TAG, Buffer.alloc(0)));
client.write(json('{"name":'));
client.write(json(JSON.stringify('x'.repeat(100_000))));
client.end(encodeFrame(HEARTBEAT_TAG, Buffer.from('too long')));
