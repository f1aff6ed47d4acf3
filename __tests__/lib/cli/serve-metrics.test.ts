import { once } from 'node:events';
import { readFileSync, unlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { encodeStatus } from '../../../codec/index.js';
import { ROOT } from '../../helpers/code-blocks.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { evaluate, samplesOf } from '../../helpers/prometheus.js';
import { logOf } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

async function serve(...args: string[]) {
  const socket = path();
  const served = start(['serve', '--socket', socket, '--metrics', '127.0.0.1:0', ...args]);
  await listening(served, socket);
  return { ...served, socket };
}

async function ask(served: Running, where: string, headers: Record<string, string> = {}) {
  const { url } = logOf(served).find(({ msg }) => msg === 'serving metrics');
  const asked = request(new URL(where, url), { headers, agent: false }).end();
  const [response] = await once(asked, 'response');
  return { status: response.statusCode as number, body: await text(response) };
}

describe('the accounts can be checked from the metrics alone', () => {
  const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');
  const [, section = ''] = page.split('### Checking the accounts\n');
  const expressions = [...section.matchAll(/```promql\n([\s\S]*?)```/g)].map(([, code = '']) => code);

  test('there is one expression for batches, and one for logs', () => {
    expect(expressions.map((code) => /_proxy_(batches|logs)_received/.exec(code)?.[1])).toEqual([
      'batches',
      'logs',
    ]);
  });

  test.each<[string, string[]]>([
    ['in memory', ['--buffer', '5']],
    ['with a spool', ['--spool', 'FOLDER', '--spool-max-bytes', '64KiB']],
  ])(
    '%s: they are 0 in every scrape under load',
    async (_name, args) => {
      const served = await serve(...args.map((arg) => (arg === 'FOLDER' ? path() : arg)));
      // Nobody reads, until batches were seen in all places where they can be.
      served.child.stdout.pause();
      const frames = [1, 7, 20, 1].map((count) => logsFrame(count));
      const piece = Buffer.concat([
        ...frames,
        encodeStatus({ droppedChannelFull: 3n }),
        Buffer.from([1, 0, 0, 1, 255]),
      ]);
      const sending = Promise.all(
        Array.from({ length: 20 }, () =>
          sendAll(
            served.socket,
            Array.from({ length: 40 }, () => piece),
          ),
        ),
      );
      const seen = new Set<string>();
      const scrape = async () => {
        const samples = samplesOf((await ask(served, '/metrics')).body);
        expect(expressions.map((code) => evaluate(code, samples))).toEqual([0, 0]);
        for (const name of [
          'buffer_batches',
          'in_flight_batches',
          'batches_dropped_total',
          'batches_forwarded_total',
        ])
          if (evaluate(`agent_boundary_log_proxy_${name}`, samples) > 0) seen.add(name);
        return seen.size;
      };
      await until('batches are in all places', async () => (await scrape()) === 4);
      served.child.stdout.resume();
      await Promise.all([sending, ...Array.from({ length: 20 }, scrape)]);
      await scrape();
      const received = async () => samplesOf((await ask(served, '/metrics')).body);
      const total = (name: string, samples: ReturnType<typeof samplesOf>) =>
        evaluate(`agent_boundary_log_proxy_${name}`, samples);
      await until(
        'everything is received',
        async () => total('batches_received_total', await received()) === 3200,
      );
      const samples = await received();
      expect(total('logs_received_total', samples)).toBe(20 * 40 * 29);
      expect(total('frames_rejected_total', samples)).toBe(20 * 40);
      expect(samples.find(({ labels }) => labels.reason === 'boundary_channel_full')?.value).toBe(2400);
    },
    60_000,
  );
});

describe('the metrics of serve', () => {
  let names: Set<string>;
  let body: string;
  beforeAll(async () => {
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', '127.0.0.1:0']);
    await listening(served, socket);
    ({ body } = await ask(served, '/metrics'));
    names = new Set(samplesOf(body).map(({ name }) => name));
  });

  test.each([
    'process_resident_memory_bytes',
    'process_open_fds',
    'process_cpu_seconds_total',
    'process_max_fds',
    'process_start_time_seconds',
    'nodejs_heap_size_used_bytes',
    'nodejs_version_info',
    'nodejs_eventloop_lag_p99_seconds',
  ])('contain %s', (name) => expect(names.has(name)).toBe(true));

  test('do not contain what lists all connections at each scrape', () => {
    expect([...names].filter((name) => /_(handles|requests|resources)(_|$)/.test(name))).toEqual([]);
  });

  test('are in the format of Prometheus, each metric once', () => {
    const types = body.match(/^# TYPE \w+/gm) ?? [];
    expect(new Set(types).size).toBe(types.length);
    const own = samplesOf(body).filter(({ name }) => name.startsWith('agent_boundary_log_proxy_'));
    expect(own.length).toBeGreaterThan(40);
    expect(own.filter(({ value }) => Number.isNaN(value))).toEqual([]);
  });
});

describe('the health of serve', () => {
  test('is ok while it works, and failing when its socket is gone; /livez does not care', async () => {
    const served = await serve();
    // It also says which proxy it is.
    const socketPath = `"socketPath":"${served.socket}"`;
    expect(await ask(served, '/healthz')).toEqual({
      status: 200,
      body: `{"status":"ok","reasons":[],${socketPath}}\n`,
    });
    unlinkSync(served.socket);
    expect(await ask(served, '/healthz')).toEqual({
      status: 503,
      body: `{"status":"failing","reasons":["socket_missing"],${socketPath}}\n`,
    });
    expect(await ask(served, '/livez')).toEqual({ status: 200, body: 'ok\n' });
  });

  test('is degraded while the reporter fails, with 200, and the batches are kept', async () => {
    // Nothing listens on this port.
    const coder = ['--reporter', 'coder', '--coder-url', 'http://127.0.0.1:9'];
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', '127.0.0.1:0', ...coder], {
      env: { CODER_AGENT_TOKEN: 'token' },
    });
    await listening(served, socket);
    await sendAll(socket, [logsFrame(1)]);
    const health = { status: 'degraded', reasons: ['reporter_failing'], socketPath: socket };
    const degraded = { status: 200, body: `${JSON.stringify(health)}\n` };
    await until('it is degraded', async () => (await ask(served, '/healthz')).body === degraded.body);
    expect(await ask(served, '/healthz')).toEqual(degraded);
    expect((await ask(served, '/metrics')).body).toContain('\nagent_boundary_log_proxy_reporter_up 0\n');
  });
});

describe('--allow-host', () => {
  test('allows names; other names are refused with a hint', async () => {
    const served = await serve('--allow-host', 'metrics.example.com', '--allow-host', '[FD00::1]');
    const statuses: number[] = [];
    for (const host of ['metrics.example.com:80', '[fd00::1]', 'localhost', 'evil.example']) {
      statuses.push((await ask(served, '/livez', { host })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 403]);
    expect((await ask(served, '/livez', { host: 'evil.example' })).body).toContain('--allow-host');
  });

  test.each(['', 'a b', 'https://example.com', 'example.com:80', 'a/b', '[::1]:80'])(
    '%j is wrong usage',
    async (name) => {
      const served = start(['serve', '--socket', path(), '--metrics', 'off', '--allow-host', name]);
      expect(await served.ended).toBe(2);
      expect(served.stderr()).toContain('--allow-host');
    },
  );
});

test('an address that other machines can reach leads to one warning, and serves', async () => {
  const socket = path();
  const served = start(['serve', '--socket', socket, '--metrics', '0.0.0.0:0']);
  await listening(served, socket);
  const warnings = logOf(served).filter(({ level }) => level === 40);
  expect(warnings.map(({ msg }) => msg)).toEqual([
    expect.stringContaining('other machines can read the metrics'),
  ]);
  expect((await ask(served, '/livez', { host: 'anything.example' })).status).toBe(200);
});
