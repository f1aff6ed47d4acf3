// CPU of `serve --reporter coder` between the feeder and a server with the Go modules that Coder uses: see
// __tests__/interop/README.md, whose run.sh builds that server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Actor, script } from './actor.js';
import { cpuOf } from './processes.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const AGENT_API = join(ROOT, '__tests__/interop/bin/agentapi');
const TOKEN = 'the-token-of-the-agent';
const DEADLINE_MS = 60_000;

/** Whether the server is built. */
export const hasAgentApi = existsSync(AGENT_API);

/**
 * @param {number} rate Batches of 10 logs per second.
 * @param {string[]} args Further arguments of `serve`.
 * @param {number} batches
 * @returns {import('./measure.js').Measure}
 */
export function coderPath(rate, args, batches) {
  return {
    name: args.join(' ') || 'without',
    async run({ smoke, root = ROOT }) {
      const n = smoke ? Math.ceil(batches / 50) : batches;
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const socket = join(folder, 's');
      const server = spawn(AGENT_API, ['-proto', join(ROOT, 'proto'), '-token', TOKEN], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      let calls = 0;
      let logs = 0;
      const lines = createInterface({ input: server.stdout });
      const url = new Promise((resolve) => {
        lines.on('line', (line) => {
          if (line.startsWith('{"listening"')) resolve(JSON.parse(line).listening);
          if (!line.startsWith('{"call"')) return;
          calls += 1;
          logs += line.split('"sequence_number"').length - 1;
        });
      });
      const main = join(root, 'dist/lib/cli/main.js');
      const options = ['--socket', socket, '--metrics', 'off', '--reporter', 'coder', '--overflow', 'block'];
      const serve = spawn(process.execPath, [main, 'serve', ...options, ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, CODER_AGENT_URL: await url, CODER_AGENT_TOKEN: TOKEN },
      });
      let log = '';
      serve.stderr.setEncoding('utf8').on('data', (text) => {
        log += text;
      });
      const feeder = new Actor([
        ...script('feeder.js'),
        socket,
        JSON.stringify({ logs: 10, connections: 1, rate }),
      ]);
      /** @param {number} expected */
      const received = async (expected) => {
        for (const deadline = performance.now() + DEADLINE_MS; logs < expected; await sleep(1)) {
          if (performance.now() > deadline) throw new Error(`${logs} of ${expected} arrived: ${log}`);
        }
      };
      try {
        for (; !existsSync(socket) || !log.includes('connected to Coder'); await sleep(10));
        await feeder.told('ready');
        await feeder.asked({ connect: true }, 'connected');
        await feeder.asked({ feed: n, isWarmUp: true }, 'fed');
        await received(10 * n);
        const before = { cpu: cpuOf(serve.pid), calls };
        await feeder.asked({ feed: n, isWarmUp: false }, 'fed');
        await received(20 * n);
        return {
          cpu: ((cpuOf(serve.pid) - before.cpu) / n) * 1000,
          calls: (calls - before.calls) / n,
        };
      } finally {
        feeder.kill();
        const ended = once(serve, 'close');
        serve.kill('SIGKILL');
        await ended;
        server.kill('SIGKILL');
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
