import { describe, expect, test } from '@jest/globals';
import { encodeFrame, encodeStatus, type LogBatch } from '../../../codec/index.js';
import { type BoundaryEvent, type BoundaryLogProxy, formatBatch } from '../../../lib/index.js';
import { logsFrame } from '../../helpers/messages.js';
import { samplesOf } from '../../helpers/prometheus.js';
import { proxies } from '../../helpers/proxies.js';
import { collector } from '../../helpers/reporters.js';
import { sendAll } from '../../helpers/socket-client.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const [MIN_64, MAX_64] = [-(2n ** 63n), 2n ** 63n - 1n];

/** A varint, as long as its value needs. Negative values are those of int32 and int64. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}

const number = (field: number, value: bigint) => [...varint(BigInt(field << 3)), ...varint(value)];
const message = (field: number, bytes: number[]) =>
  [...number(field, BigInt(bytes.length)), ...bytes].map((byte, i) => (i === 0 ? byte | 2 : byte));

/** A frame of one log with such numbers. */
function frameWith({ seconds = 0n, nanos = 0n, sequenceNumber = 0n }): Buffer {
  const time = message(2, [...number(1, seconds), ...number(2, nanos)]);
  return encodeFrame(1, Buffer.from(message(1, [...time, ...number(4, sequenceNumber)])));
}

/** Sends the bytes and then an honest batch, each on a connection. @returns what was reported. */
async function send(
  bytes: Buffer,
): Promise<{ proxy: BoundaryLogProxy; batches: LogBatch[]; counted: object }> {
  const proxy = makeProxy();
  const reporter = collector();
  await proxy.start();
  proxy.runForwarder(reporter);
  await sendAll(proxy.socketPath, [bytes]);
  await sendAll(proxy.socketPath, [logsFrame(3)]);
  await until('the honest batch is reported', () => reporter.batches.at(-1)?.count === 3);
  const samples = samplesOf(await proxy.registry.metrics());
  for (const { name, value } of samples)
    if (name.endsWith('_total')) expect([name, Number.isSafeInteger(value)]).toEqual([name, true]);
  const rejected = samples.filter(({ name, value }) => name.endsWith('_frames_rejected_total') && value > 0);
  return {
    proxy,
    batches: reporter.batches.slice(0, -1),
    counted: Object.fromEntries(rejected.map(({ labels, value }) => [labels.reason, value])),
  };
}

describe('numbers in a log are text that can be read', () => {
  test.each<[string, Parameters<typeof frameWith>[0], Partial<BoundaryEvent>]>([
    ['seconds: the largest', { seconds: MAX_64 }, { event_time: '@9223372036854775807' }],
    ['seconds: the smallest', { seconds: MIN_64 }, { event_time: '@-9223372036854775808' }],
    ['seconds: beyond 2^53', { seconds: 2n ** 53n + 1n }, { event_time: '@9007199254740993' }],
    ['seconds: after the year 9999', { seconds: 253_402_300_800n }, { event_time: '@253402300800' }],
    ['nanoseconds: the largest', { nanos: 2n ** 31n - 1n }, { event_time: '1970-01-01T00:00:02.147483647Z' }],
    ['nanoseconds: the smallest', { nanos: -(2n ** 31n) }, { event_time: '1969-12-31T23:59:57.852516352Z' }],
    [
      'both: the largest',
      { seconds: MAX_64, nanos: 2n ** 31n - 1n },
      { event_time: '@9223372036854775809.147483647' },
    ],
    ['sequence number: the largest', { sequenceNumber: 2n ** 31n - 1n }, { sequence_number: 2 ** 31 - 1 }],
    ['sequence number: the smallest', { sequenceNumber: -(2n ** 31n) }, { sequence_number: -(2 ** 31) }],
    ['sequence number: more than an int32', { sequenceNumber: 2n ** 40n + 7n }, { sequence_number: 7 }],
    ['sequence number: the largest varint', { sequenceNumber: -1n }, { sequence_number: -1 }],
  ])('%s', async (_name, numbers, event) => {
    const { batches, counted } = await send(frameWith(numbers));
    expect(counted).toEqual({});
    expect(batches).toHaveLength(1);
    for (const format of ['logfmt', 'pretty'] as const)
      expect(formatBatch(batches[0] as LogBatch, format)).not.toMatch(/NaN|Infinity|undefined|Invalid/);
    expect(JSON.parse(formatBatch(batches[0] as LogBatch, 'json'))).toMatchObject(event);
  });
});

describe('lengths and counts do no harm', () => {
  test.each<[string, Buffer, object]>([
    ['the longest length of a frame', Buffer.from([1, 255, 255, 255]), { message_too_large: 1 }],
    [
      'a length inside of a payload: 2^31',
      encodeFrame(1, Buffer.from([0x12, ...varint(2n ** 31n)])),
      { invalid_protobuf: 1 },
    ],
    [
      'a length inside of a payload: 2^32 + 1',
      encodeFrame(1, Buffer.from([0x12, ...varint(2n ** 32n + 1n), 65])),
      { invalid_protobuf: 1 },
    ],
    [
      'a length inside of a payload: 2^63',
      encodeFrame(1, Buffer.from([0x12, ...varint(2n ** 63n)])),
      { invalid_protobuf: 1 },
    ],
    [
      'a length inside of a payload: -1',
      encodeFrame(1, Buffer.from([0x12, ...varint(-1n)])),
      { invalid_protobuf: 1 },
    ],
    ['the largest field number', encodeFrame(1, Buffer.from([...varint((2n ** 29n - 1n) << 3n), 1])), {}],
    ['a field number of 0', encodeFrame(1, Buffer.from([0, 1])), { invalid_protobuf: 1 }],
    ['the largest count that may be true', encodeStatus({ droppedChannelFull: 2n ** 32n - 1n }), {}],
    [
      'the smallest count that cannot be',
      encodeStatus({ droppedBatchFull: 2n ** 32n }),
      { implausible_status: 1 },
    ],
    ['the largest count', encodeStatus({ droppedChannelFull: MAX_64 }), { implausible_status: 1 }],
    ['the smallest count', encodeStatus({ droppedChannelFull: MIN_64, droppedBatchFull: MIN_64 }), {}],
  ])('%s', async (_name, bytes, rejected) => {
    expect((await send(bytes)).counted).toEqual(rejected);
  });

  test('16,382 logs in one frame are counted exactly', async () => {
    const { proxy } = await send(
      encodeFrame(1, Buffer.from(Array.from({ length: 16_382 }, () => [10, 0]).flat())),
    );
    expect(proxy.accounts().received).toEqual({ batches: 2, logs: 16_385 });
  });

  test('a thousand reports with the largest count leave the counters exact', async () => {
    const report = encodeStatus({ droppedChannelFull: 2n ** 32n - 1n });
    const { proxy } = await send(Buffer.concat(Array.from({ length: 1000 }, () => report)));
    const samples = samplesOf(await proxy.registry.metrics());
    const { value } = samples.find(({ labels }) => labels.reason === 'boundary_channel_full') ?? {};
    expect(value).toBe(1000 * (2 ** 32 - 1));
  });
});
