// The streams in this process: the cost of one object, compared with a PassThrough of objects.

import { pipeline } from 'node:stream/promises';
import { Demux, Forwarder, FrameParser, LogBuffer, MessageDecoder, nullReporter } from 'boundary-log-proxy';
import { decodeMessage } from 'boundary-log-proxy/codec';
import { PassThrough } from 'readable-stream';
import { cpuSeconds } from '../clock.js';
import { blocksOf, framesOf } from '../load.js';

/** How many objects a full run passes. */
const OBJECTS = 200_000;
const LOGS = 10;

const frames = framesOf(LOGS).map((frame) => ({ tag: 2, payload: frame.subarray(4) }));
const batches = frames.map((frame) => decodeMessage(frame));
const blocks = blocksOf(LOGS);

/**
 * @param {string} name
 * @param {() => import('node:stream').Duplex | import('node:stream').Writable} make
 * @param {readonly unknown[]} inputs What is written, in turn.
 * @param {number} [objectsIn] How many objects each input contains.
 * @returns {import('../measure.js').Measure}
 */
function streaming(name, make, inputs, objectsIn = 1) {
  return {
    name,
    async run({ smoke }) {
      const objects = smoke ? OBJECTS / 100 : OBJECTS;
      const writes = Math.ceil(objects / objectsIn);
      await pass(make(), inputs, writes);
      const begun = cpuSeconds();
      const came = await pass(make(), inputs, writes);
      const cpu = cpuSeconds() - begun;
      if (came !== writes * objectsIn) throw new Error(`${name}: ${came} came of ${writes * objectsIn}`);
      return { object: (cpu / came) * 1e6 };
    },
  };
}

/**
 * Writes as much as the stream accepts, and reads everything that comes out.
 *
 * @param {import('node:stream').Duplex | import('node:stream').Writable} stream
 * @param {readonly unknown[]} inputs
 * @param {number} writes
 * @returns {Promise<number>} How many objects came out.
 */
function pass(stream, inputs, writes) {
  return new Promise((resolve, reject) => {
    let i = 0;
    let objects = 0;
    const write = () => {
      while (i < writes) {
        if (!stream.write(inputs[i++ % inputs.length])) {
          stream.once('drain', write);
          return;
        }
      }
      stream.end();
    };
    stream.on('error', reject);
    if ('read' in stream) stream.on('data', () => objects++).on('end', () => resolve(objects));
    else stream.on('finish', () => resolve(writes));
    // Reading must have begun, or a buffer would be full and drop.
    setImmediate(write);
  });
}

/**
 * The whole line as a tool builder composes it, from bytes to a reporter that counts.
 *
 * @param {string} name
 * @param {boolean} perChunk
 * @returns {import('../measure.js').Measure}
 */
function line(name, perChunk) {
  return {
    name,
    async run({ smoke }) {
      const writes = Math.ceil((smoke ? OBJECTS / 100 : OBJECTS) / (blocks[0]?.batches ?? 1));
      await passLine(perChunk, writes);
      const begun = cpuSeconds();
      const came = await passLine(perChunk, writes);
      return { object: ((cpuSeconds() - begun) / came) * 1e6 };
    },
  };
}

/**
 * @param {boolean} perChunk
 * @param {number} writes
 * @returns {Promise<number>} How many batches came.
 */
async function passLine(perChunk, writes) {
  const buffer = new LogBuffer({ overflow: 'block' });
  const forwarder = new Forwarder(nullReporter);
  let batches = 0;
  forwarder.on('forward', () => batches++);
  buffer.pipe(forwarder);
  async function* load() {
    for (let i = 0; i < writes; i++) yield blocks[i % blocks.length]?.bytes;
  }
  await pipeline(load, new FrameParser({ perChunk }), new MessageDecoder(), new Demux({ logs: buffer }));
  return batches;
}

const baseline = streaming('PassThrough', () => new PassThrough({ objectMode: true }), frames);
const measures = [
  streaming(
    'FrameParser',
    () => new FrameParser(),
    blocks.map(({ bytes }) => bytes),
    blocks[0]?.batches,
  ),
  streaming('MessageDecoder', () => new MessageDecoder(), frames),
  streaming('Demux', () => new Demux({ logs: () => undefined }), batches),
  streaming('LogBuffer', () => new LogBuffer(), batches),
  streaming('Forwarder', () => new Forwarder(nullReporter), batches),
  line('all of them, one object per frame', false),
  line('all of them, perChunk', true),
];

/** @type {import('../measure.js').Group} */
export const streams = {
  title: 'The streams in this process, batches of 10 logs',
  runs: 7,
  rows: measures.map((of) => ({ name: of.name, unit: 'CPU µs / object', figure: 'object', of, baseline })),
};
