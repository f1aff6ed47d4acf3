import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { connectionsIn, isComplete, readByTheDocs } from '../../helpers/captures.js';
import { fileSystems } from '../../helpers/file-systems.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { RandomStream } from '../../helpers/random-stream.js';
import { seed } from '../../helpers/seed.js';
import {
  closingAccount,
  complaintsOf,
  linesOf,
  logOf,
  METRICS,
  metric,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

const start = commands();
const path = tempPaths();
const mount = fileSystems();
const MINUTE = 60_000;

/** Starts `serve --record` on a new socket. */
async function serve(file: string, ...args: string[]) {
  const socket = path();
  const served = start(['serve', '--socket', socket, ...METRICS, '--record', file, ...args]);
  await listening(served, socket);
  return { ...served, socket };
}

test(
  'every vector is in the capture as it was received, to the byte',
  async () => {
    const file = path();
    const served = await serve(file, '--reporter', 'null');
    for (const { bytes } of vectors) await sendAll(served.socket, [bytes]);
    await stopped(served);
    const capture = readFileSync(file);
    expect(isComplete(capture)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const found = connectionsIn(capture);
    expect(found.size).toBe(vectors.length);
    for (const [i, { name, bytes, end, consumed }] of vectors.entries()) {
      const connection = found.get(i + 1);
      const recorded = connection?.bytes ?? Buffer.alloc(0);
      // After a fatal header the proxy closes the connection, and may not have read the rest.
      const isWhole = end === 'eof';
      expect([name, connection?.end]).toEqual([name, isWhole ? 'end' : 'closed']);
      expect([name, recorded.equals(bytes.subarray(0, recorded.length))]).toEqual([name, true]);
      expect(recorded.length).toBeGreaterThanOrEqual(isWhole ? bytes.length : consumed);
    }
  },
  MINUTE,
);

test(
  `connections that are interleaved at random, with random bytes (seed ${seed})`,
  async () => {
    const file = path();
    const served = await serve(file, '--reporter', 'null');
    const stream = new RandomStream(seed);
    const sent: Buffer[][] = [];
    // The number of a connection is the order in which it was accepted.
    const open: { socket: Awaited<ReturnType<typeof connectTo>>; chunks: Buffer[] }[] = [];
    for (let i = 0; i < 12; i++) {
      const chunks = stream.chunks(Buffer.concat([stream.bytes(), stream.bytes()])).slice(0, 200);
      sent.push(chunks);
      open.push({ socket: await connectTo(served.socket), chunks: [...chunks] });
      const connections = i + 1;
      await until('it is accepted', () => metric(served, 'connections_total').then((n) => n === connections));
    }
    while (open.length > 0) {
      const at = stream.below(open.length);
      const { socket, chunks } = open[at] as (typeof open)[number];
      const chunk = chunks.shift();
      if (chunk !== undefined && !socket.destroyed)
        await new Promise((resolve) => socket.write(chunk, resolve));
      else {
        socket.end();
        open.splice(at, 1);
      }
    }
    await stopped(served);
    const capture = readFileSync(file);
    expect(isComplete(capture)).toBe(true);
    const found = connectionsIn(capture);
    expect([...found.keys()]).toEqual(upTo(12).map((i) => i + 1));
    for (const [n, { bytes, end }] of found) {
      const all = Buffer.concat(sent[n - 1] as Buffer[]);
      expect(bytes.equals(all.subarray(0, bytes.length))).toBe(true);
      if (end === 'end') expect(bytes.length).toBe(all.length);
      else expect(end).toBe('closed');
    }
  },
  MINUTE,
);

describe('decode', () => {
  test('shows the events of all connections, and with --outcomes where each comes from', async () => {
    const file = path();
    const served = await serve(file, '--reporter', 'null');
    const [a, b] = [await connectTo(served.socket), await connectTo(served.socket)];
    for (const [i, socket] of [a, b, a, b].entries()) {
      socket.write(logsFrame(1, i));
      await until('it was received', () => metric(served, 'logs_received_total').then((n) => n === i + 1));
    }
    a.end(Buffer.of(1, 0, 0));
    await until('a is closed', () => metric(served, 'connections_open').then((n) => n === 1));
    b.end(Buffer.of(77));
    await stopped(served);
    const decoded = start(['decode', file]);
    expect(await decoded.ended).toBe(1);
    expect(numbersIn(decoded.stdout())).toEqual([0, 1, 2, 3]);
    expect(linesOf(decoded.stderr())).toEqual([
      expect.stringMatching(/^connection [12]: skip: ERR_TRUNCATED_HEADER: /),
      expect.stringMatching(/^connection [12]: skip: ERR_TRUNCATED_HEADER: /),
    ]);
    const outcomes = start(['decode', '--outcomes', file]);
    expect(await outcomes.ended).toBe(1);
    const found = linesOf(outcomes.stdout()).map((line) => JSON.parse(line));
    expect(found.map(({ kind, connection }) => [kind, connection])).toEqual([
      ['logs', found[0].connection],
      ['logs', 3 - found[0].connection],
      ['logs', found[0].connection],
      ['logs', 3 - found[0].connection],
      ['skip', found[0].connection],
      ['skip', 3 - found[0].connection],
    ]);
    for (const { received_at } of found) expect(received_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);
    expect(logsFrame(1, 3).toString('hex')).toContain(found[3].raw_hex);
  });

  test('of a recorder that was killed, shows everything up to the end, and exits with 1', async () => {
    const file = path();
    const served = await serve(file);
    await sendBatches(served.socket, 30, 2);
    const socket = await connectTo(served.socket);
    socket.write(logsFrame(2, 60));
    await until('62 events are on stdout', () => numbersIn(served.stdout()).length === 62);
    served.child.kill('SIGKILL');
    await served.ended;
    const { length } = readFileSync(file);
    const decoded = start(['decode', file]);
    expect(await decoded.ended).toBe(1);
    expect(numbersIn(decoded.stdout())).toEqual(upTo(62));
    expect(decoded.stderr()).toMatch(
      new RegExp(`^ERR_TRUNCATED_CAPTURE: the capture ends at byte ${length}, without its last record: `),
    );
  });

  test.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, -30), 'ERR_TRUNCATED_CAPTURE'],
    [
      'damaged',
      (bytes: Buffer) => bytes.fill(0xff, bytes.length - 44, bytes.length - 40),
      'ERR_INVALID_CAPTURE',
    ],
  ])('of a capture that is %s, names the byte', async (_name, change, code) => {
    const file = path();
    const served = await serve(file);
    await sendBatches(served.socket, 3, 1);
    await until('3 events are on stdout', () => numbersIn(served.stdout()).length === 3);
    await stopped(served);
    const changed = change(readFileSync(file));
    const { stop } = readByTheDocs(changed);
    writeFileSync(file, changed);
    const decoded = start(['decode', file]);
    expect(await decoded.ended).toBe(1);
    expect(numbersIn(decoded.stdout())).toEqual([0, 1, 2]);
    expect(decoded.stderr()).toMatch(new RegExp(`^${code}: the capture .* at byte ${stop}[:,] `));
    const outcomes = start(['decode', '--outcomes', file]);
    expect(await outcomes.ended).toBe(1);
    expect(JSON.parse(linesOf(outcomes.stdout()).at(-1) as string)).toMatchObject({
      kind: 'fault',
      offset: stop,
      reason: code.slice(4).toLowerCase(),
    });
  });
});

describe('what happens to the file does not matter to senders', () => {
  test('the limit: one warning, and every event arrives', async () => {
    const file = path();
    const served = await serve(file, '--record-max-bytes', '4KiB');
    await sendBatches(served.socket, 100, 1);
    await until('100 events are on stdout', () => numbersIn(served.stdout()).length === 100);
    const missing = await metric(served, 'record_missing_bytes_total');
    await stopped(served);
    expect(complaintsOf(served).map(({ msg }) => msg)).toEqual([
      'the capture has reached its limit: the rest is not recorded',
      'the capture is not complete',
    ]);
    const capture = readFileSync(file);
    expect(capture.length).toBeLessThanOrEqual(4096);
    const recorded = connectionsIn(capture).get(1)?.bytes.length ?? 0;
    const all = upTo(100).reduce((sum, i) => sum + logsFrame(1, i).length, 0);
    expect(missing + recorded).toBe(all);
    expect(complaintsOf(served)[1]).toMatchObject({ bytes: recorded, missing: { bytes: missing } });
    const decoded = start(['decode', file]);
    expect(await decoded.ended).toBe(1);
    expect(decoded.stderr()).toContain(`the capture lacks ${missing} bytes`);
  });

  (mount === undefined ? test.skip : test)(
    'a full disk: one warning, and every event arrives; afterwards recording continues',
    async () => {
      const folder = path();
      mount?.(folder, 'size=64k');
      const file = join(folder, 'capture');
      const filler = join(folder, 'filler');
      const served = await serve(file, '--overflow', 'block');
      await sendBatches(served.socket, 10, 1);
      writeFileSync(filler, Buffer.alloc(40_000));
      await sendBatches(served.socket, 200, 2, 10);
      rmSync(filler);
      let sent = 410;
      await until('it records again', async () => {
        await sendBatches(served.socket, 1, 1, sent);
        sent += 1;
        return logOf(served).some(() => {
          const { records } = readByTheDocs(readFileSync(file));
          return records.some(({ kind }) => kind === 'gap');
        });
      });
      await until('all events are on stdout', () => numbersIn(served.stdout()).length === sent);
      expect(numbersIn(served.stdout())).toEqual(upTo(sent));
      expect(await stopped(served)).toMatchObject({ received: { logs: sent }, forwarded: { logs: sent } });
      const warnings = complaintsOf(served).map(({ msg }) => msg);
      expect(warnings).toEqual([
        'the capture cannot be written: what arrives meanwhile is missing in it',
        'the capture can be written again',
        'the capture is not complete',
      ]);
      const { missing, bytes } = complaintsOf(served)[2];
      expect(missing.bytes).toBeGreaterThan(0);
      const capture = readFileSync(file);
      const recorded = [...connectionsIn(capture).values()].reduce(
        (sum, { bytes: { length } }) => sum + length,
        0,
      );
      expect(bytes).toBe(recorded);
      const decoded = start(['decode', file]);
      expect(await decoded.ended).toBe(1);
      expect(decoded.stderr()).toContain('because the recorder could not write');
    },
    MINUTE,
  );

  test('the file is deleted: every event arrives, and the end says so', async () => {
    const file = path();
    const served = await serve(file);
    rmSync(file);
    await sendBatches(served.socket, 5, 1);
    await until('5 events are on stdout', () => numbersIn(served.stdout()).length === 5);
    await stopped(served);
    expect(complaintsOf(served)).toEqual([
      expect.objectContaining({
        msg: 'the capture is not complete',
        err: expect.objectContaining({ message: 'the file was deleted while it was written' }),
      }),
    ]);
  });
});

describe('the file', () => {
  test('cannot be created in a folder that does not exist: nothing starts', async () => {
    const served = start(['serve', '--socket', path(), ...METRICS, '--record', join(path(), 'capture')]);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toMatch(/error: ERR_RECORD_FAILED: cannot record to .*Choose another file\n$/);
  });

  test('of a start that failed is deleted', async () => {
    const file = path();
    const socket = path();
    writeFileSync(socket, '');
    const served = start(['serve', '--socket', socket, ...METRICS, '--record', file]);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toContain('ERR_NOT_A_SOCKET');
    expect(existsSync(file)).toBe(false);
  });

  test('stays with a proxy that is replaced; the new one has another', async () => {
    const file = path();
    const old = await serve(file);
    await sendBatches(old.socket, 2, 1);
    await until('2 events are on stdout', () => numbersIn(old.stdout()).length === 2);
    const args = ['serve', '--replace', '--socket', old.socket, ...METRICS, '--record', file];
    const served = start(args);
    expect(await old.ended).toBe(0);
    await listening(served, old.socket);
    await sendBatches(old.socket, 3, 1, 2);
    await until('3 events are on stdout', () => numbersIn(served.stdout()).length === 3);
    await stopped(served);
    expect(closingAccount(old)).toMatchObject({ received: { logs: 2 } });
    const counts = [file, `${file}.2`].map((name) => {
      const capture = readFileSync(name);
      expect(isComplete(capture)).toBe(true);
      // A proxy that takes over connects, to find out who listens.
      return [...connectionsIn(capture).values()].filter(({ bytes }) => bytes.length > 0).length;
    });
    expect(counts).toEqual([1, 1]);
  });

  test.each([
    ['0', /^error: .*record-max-bytes.*expected a number of bytes/m],
    [
      '100',
      /^error: ERR_INVALID_OPTION: record: maxBytes: got 100, expected a whole number of at least 1024/m,
    ],
  ])('--record-max-bytes %s is wrong usage', async (size, message) => {
    const served = start(['serve', '--socket', path(), '--record', path(), '--record-max-bytes', size]);
    expect(await served.ended).toBe(2);
    expect(served.stderr()).toMatch(message);
  });
});
