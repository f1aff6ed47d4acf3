// CPU of `serve --reporter otlp` between the feeder and a local HTTP server that counts, and of `--reporter stdout` in its
// place.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Actor, script } from './actor.js';
import { cpuOf } from './processes.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEADLINE_MS = 60_000;
const LOGS = 10;

/**
 * @param {string} name
 * @param {'otlp' | 'stdout'} reporter
 * @param {Record<string, string>} env Further variables of `serve`.
 * @param {number} batches Of 10 logs each.
 * @returns {import('./measure.js').Measure} The figures are CPU seconds per million logs, and logs per export.
 */
export function otlpPath(name, reporter, env, batches) {
  return {
    name,
    async run({ smoke, root = ROOT }) {
      // The CPU of a process is known in steps of 10 ms, which the baseline must exceed.
      const n = smoke ? Math.min(batches, 4000) : batches;
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const socket = join(folder, 's');
      let logs = 0;
      let exports = 0;
      const sink = createServer((request, response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => {
          const sent = Buffer.concat(chunks);
          const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
          exports += 1;
          // Each log record has the name of its event once.
          logs += body.toString('latin1').split('boundary_request').length - 1;
          response.setHeader('content-type', String(request.headers['content-type']));
          response.end(request.headers['content-type'] === 'application/json' ? '{}' : '');
        });
      });
      sink.listen(0, '127.0.0.1');
      await once(sink, 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (sink.address());
      const main = join(root, 'dist/lib/cli/main.js');
      const options = ['--socket', socket, '--metrics', 'off', '--reporter', reporter, '--overflow', 'block'];
      const serve = spawn(process.execPath, [main, 'serve', ...options], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, ...env },
      });
      serve.stdout.on('data', (/** @type {Buffer} */ chunk) => {
        for (const byte of chunk) if (byte === 0x0a) logs += 1;
      });
      const feeder = new Actor([
        ...script('feeder.js'),
        socket,
        JSON.stringify({ logs: LOGS, connections: 1 }),
      ]);
      /** @param {number} expected */
      const received = async (expected) => {
        for (const deadline = performance.now() + DEADLINE_MS; logs < expected; await sleep(1)) {
          if (performance.now() > deadline) throw new Error(`${logs} of ${expected} arrived`);
        }
      };
      try {
        // The file is there before the proxy accepts connections.
        while (!(await accepts(socket))) await sleep(10);
        await feeder.told('ready');
        await feeder.asked({ connect: true }, 'connected');
        await feeder.asked({ feed: n, isWarmUp: true }, 'fed');
        await received(LOGS * n);
        const before = { cpu: cpuOf(serve.pid), exports };
        await feeder.asked({ feed: n, isWarmUp: false }, 'fed');
        await received(2 * LOGS * n);
        return {
          cpu: ((cpuOf(serve.pid) - before.cpu) / (LOGS * n)) * 1e6,
          logs: (LOGS * n) / Math.max(exports - before.exports, 1),
        };
      } finally {
        feeder.kill();
        const ended = once(serve, 'close');
        serve.kill('SIGKILL');
        await ended;
        sink.closeAllConnections();
        sink.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Whether somebody accepts connections on a socket. @param {string} path */
async function accepts(path) {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
