import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { run } from '../lib/cli/program.js';
import { blocksOf, ROOT } from './helpers/code-blocks.js';
import { tempPaths } from './helpers/temp.js';
import { until } from './helpers/until.js';

/* The first minute of the README, in its order. What the blocks show is what the programs print. */

const path = tempPaths();
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocks = blocksOf('README.md').filter(({ language }) => language === 'console');

/** What a block shows as output, without the command. */
const shown = (i: number) => blocks[i]?.code.replace(/^\$ .*\n/, '');

/** A terminal without colours. */
function terminal() {
  const signals = new EventEmitter();
  const stream = () => Object.assign(new PassThrough(), { isTTY: true, text: '' });
  const [stdout, stderr] = [stream(), stream()];
  for (const output of [stdout, stderr])
    output.setEncoding('utf8').on('data', (text) => (output.text += text));
  const io = {
    program: 'node /opt/boundary-log-proxy/dist/lib/cli/main.js',
    ...{ stdin: new PassThrough(), stdout, stderr, env: { NO_COLOR: '1' } },
    onSignal: (handler: (signal: string) => void) => {
      signals.on('signal', handler);
      return () => signals.off('signal', handler);
    },
    exit: () => undefined,
  };
  return { io, signals };
}

test('the blocks of the first minute show what the programs print', async () => {
  expect(blocks.map(({ code }) => /^\$ (.*)$/m.exec(code)?.[1])).toEqual([
    'npm ci && npm start',
    'node dist/lib/cli/main.js send --sample 20',
    'curl -s http://127.0.0.1:9465/metrics | grep ^agent_boundary_log_proxy_logs_received',
  ]);
  const [first, second] = [terminal(), terminal()];
  const socket = path();
  const serving = run(['serve', '--socket', socket, '--metrics', '127.0.0.1:0'], first.io);
  await until('it greets', () => first.io.stderr.text.includes('--sample'));
  const [, url = ''] = /"(http:[^"]+)"/.exec(first.io.stderr.text) ?? [];
  // Time, port and path differ from run to run.
  const usual = first.io.stderr.text
    .replaceAll(/\[[\d:]+\]/g, '[23:20:11]')
    .replace(url, 'http://127.0.0.1:9465/metrics')
    .replaceAll(socket, '/tmp/boundary-audit.sock');
  expect(usual).toBe(shown(0));

  expect(await run(['send', '--socket', socket, '--sample', '20'], second.io)).toBe(0);
  expect(second.io.stderr.text).toBe(shown(1));
  await until('all events have arrived', () => first.io.stdout.text.split('\n').length === 21);
  // The picture shows the first eight of them.
  const decisions = first.io.stdout.text.split('\n').map((line) => line.split(/ +/)[1]);
  expect(decisions.slice(0, 8).filter((decision) => decision === 'allow')).toHaveLength(5);

  const metrics = await (await fetch(url)).text();
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith('agent_boundary_log_proxy_logs_received'));
  expect(`${lines.join('\n')}\n`).toBe(shown(2));

  first.signals.emit('signal', 'SIGTERM');
  expect(await serving).toBe(0);
  // What the page says about the last line of the log.
  const text = '20 events received, all forwarded';
  expect(readme).toContain(`\`${text}\``);
  expect(first.io.stderr.text.split('\n').at(-2)).toMatch(new RegExp(` INFO: ${text}$`));
  await once(first.io.stdout.end(), 'finish');
});
