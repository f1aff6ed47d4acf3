import { describe, expect, test } from '@jest/globals';
import { ServedSummary } from '../../../lib/cli/served-summary.js';
import type { Reporter } from '../../../lib/forwarding/reporter.js';
import { eventBatch } from '../../helpers/event-batch.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { stopped } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const start = commands();

const options = { signal: new AbortController().signal };
const batch = eventBatch({ decision: 'deny', http_url: 'https://a.example/', session_id: 's' });
const text = (summary: ServedSummary) => summary.text();

describe('a watched reporter', () => {
  test.each<[string, Reporter['report'], string]>([
    ['that returns', () => undefined, '1 event'],
    ['that resolves', async () => undefined, '1 event'],
    ['that rejects', async () => Promise.reject(new Error('no')), '0 events'],
  ])('%s', async (_what, report, counted) => {
    const summary = new ServedSummary();
    await Promise.resolve(summary.watch({ report }).report(batch, options)).catch(() => undefined);
    expect(text(summary).startsWith(counted)).toBe(true);
  });

  test('that throws', () => {
    const summary = new ServedSummary();
    const watched = summary.watch({
      report: () => {
        throw new Error('no');
      },
    });
    expect(() => watched.report(batch, options)).toThrow('no');
    expect(text(summary)).toMatch(/^0 events/);
  });

  test('stays what it was', () => {
    // Without its path, the proxy would not notice that it forwards to its own socket.
    const socketPath = '/run/x.sock';
    const report = () => undefined;
    const reporter: Reporter = { report, socketPath, coalesce: {}, keepsOrder: true, logsOutages: true };
    const { report: _report, ...others } = reporter;
    expect(new ServedSummary().watch(reporter)).toMatchObject(others);
  });
});

test('is short, whatever agents send: the end waits for nobody who reads it', async () => {
  const summary = new ServedSummary();
  const watched = summary.watch({ report: () => undefined });
  const session_id = (i: number) => '\u202e'.repeat(200) + String.fromCodePoint(0x4e00 + i);
  for (let i = 0; i < 1000; i++)
    await watched.report(eventBatch({ decision: 'deny', session_id: session_id(i) }), options);
  expect(Buffer.byteLength(text(summary))).toBeLessThan(2 ** 16);
  expect(text(summary)).toMatch(/\nand 980 more\n/);
});

test.each<[string[], RegExp]>([
  [
    ['--summary'],
    /\n20 events: \d+ denied, \d+ allowed\n\nhost +denied +allowed\n[\s\S]*\nsession +denied +allowed\n/,
  ],
  [[], /^(?!.*\d+ events: )/s],
])('the process: serve %j', async (args, expected) => {
  const socket = path();
  const served = start(['serve', '--socket', socket, '--metrics', 'off', '--reporter', 'null', ...args]);
  await listening(served, socket);
  await sendAll(socket, [logsFrame(10, 0), logsFrame(10, 10)]);
  await stopped(served);
  expect(served.stderr()).toMatch(expected);
});

test('a serve that cannot start has no summary', async () => {
  const served = start(['serve', '--socket', '/does/not/exist/x', '--metrics', 'off', '--summary']);
  expect(await served.ended).toBe(1);
  expect(served.stderr()).not.toContain('0 events');
});
