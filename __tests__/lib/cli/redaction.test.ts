import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { encodeFrame, encodeLogs } from '../../../codec/index.js';
import { commands, listening } from '../../helpers/processes.js';
import { linesOf, logOf, METRICS } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();
const SECRET = 'hunter2';
const URLS = [
  `https://example.com/p?token=${SECRET}&page=7`,
  `https://user:${SECRET}@example.com/`,
  `https://example.com/bot12:${SECRET}/send`,
];

async function metricsOf(url: string): Promise<string> {
  const [response] = await once(get(url), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

test('no output of serve contains what --redact removes, also for frames that are rejected', async () => {
  const socket = path();
  const folder = path();
  const options = ['--redact', 'query', '--redact-keep', 'page,lang', '--redact-pattern', 'bot[0-9]+:\\w+'];
  const served = start([
    'serve',
    '--socket',
    socket,
    ...METRICS,
    '--spool',
    folder,
    '--log-level',
    'debug',
    ...options,
  ]);
  await listening(served, socket);
  const frame = encodeLogs({ logs: URLS.map((url) => ({ httpRequest: { method: 'GET', url } })) });
  const payload = frame.subarray(4);
  const invalid = [
    encodeFrame(2, Buffer.concat([payload, Buffer.from([0xff])])),
    encodeFrame(1, Buffer.from(`\x0a\x0f\x1a\x0d\x12\x0b\xff${SECRET}???`, 'latin1')),
    encodeFrame(9, payload),
  ];
  await sendAll(socket, [frame, ...invalid]);
  await sendAll(socket, [frame, frame.subarray(0, -3)]);
  await until('both batches are written', () => linesOf(served.stdout()).length === 6);
  const { url } = logOf(served).find(({ msg }) => msg === 'serving metrics');
  const metrics = await metricsOf(url);
  const stored = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(folder, name), 'latin1'));
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  expect(
    linesOf(served.stdout())
      .map((line) => JSON.parse(line).http_url)
      .slice(0, 3),
  ).toEqual([
    'https://example.com/p?token=REDACTED&page=7',
    'https://REDACTED@example.com/',
    'https://example.com/REDACTED/send',
  ]);
  expect(metrics).toMatch(/frames_rejected_total\{reason="invalid_utf8"\} 1/);
  for (const text of [served.stdout(), served.stderr(), metrics, ...stored])
    expect(text).not.toContain(SECRET);
}, 60_000);

test.each([
  [['--redact', 'all'], /--redact: got "all", expected one of query/],
  [['--redact-keep', 'page'], /--redact-keep has no effect without --redact/],
  [['--redact-pattern', 'a'], /--redact-pattern has no effect without --redact/],
  [
    ['--redact', 'query', '--redact-pattern', '('],
    /--redact-pattern: got "\(", expected a regular expression/,
  ],
  [['--redact', 'query', '--redact-keep', 'a,,b'], /--redact-keep: got "a,,b", expected an array of names/],
  [['--redact', 'query', '--record', '/nowhere/capture'], /--record has no effect with --redact query/],
])(
  '%j is wrong usage',
  async (args, message) => {
    const served = start(['serve', '--socket', path(), '--metrics', 'off', ...args]);
    expect(await served.ended).toBe(2);
    expect(served.stderr()).toMatch(message);
  },
  60_000,
);
