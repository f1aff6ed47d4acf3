import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commands, listening } from '../../helpers/processes.js';
import { complaintsIn, logOf } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

async function serving(args: string[], { state = path(), socket = path(), env = {} } = {}) {
  const served = start(['serve', '--socket', socket, '--metrics', 'off', ...args], {
    env: { XDG_STATE_HOME: state, ...env },
  });
  await listening(served, socket);
  const link = () => logOf(served).find(({ msg }) => msg === 'serving the console')?.url as string;
  return { served, socket, state, link };
}

const LOCAL = ['--console', '127.0.0.1:0'];

async function statusOf(link: string): Promise<number> {
  const [url, token] = link.split('/#token=');
  const response = await fetch(`${url}/stream`, { headers: { authorization: `Bearer ${token}` } });
  await response.body?.cancel();
  return response.status;
}

test('the link stays the same over a restart, and its token is in a file that only its owner can read', async () => {
  const first = await serving(LOCAL);
  const file = join(first.state, 'boundary-log-proxy/console-token');
  expect(first.link()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
  expect(readFileSync(file, 'utf8').trim()).toBe(first.link().split('=')[1]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await statusOf(first.link())).toBe(200);
  first.served.child.kill('SIGTERM');
  expect(await first.served.ended).toBe(0);
  const again = await serving(['--console', new URL(first.link()).host], first);
  expect(again.link()).toBe(first.link());
  expect(complaintsIn(again.served)).toEqual([]);
});

test('a variable turns it on, too; without a place for the token, the log says that the link changes', async () => {
  const env = { BOUNDARY_LOG_PROXY_CONSOLE: '127.0.0.1:0', XDG_STATE_HOME: '', HOME: '' };
  const { served, link } = await serving([], { env });
  expect(await statusOf(link())).toBe(200);
  expect(complaintsIn(served)).toEqual([
    'the link to the console changes with each start: set HOME or XDG_STATE_HOME to keep it',
  ]);
});

test('an address that is in use: nothing is started, and the message says how to choose another one', async () => {
  const { link } = await serving(LOCAL);
  const { host } = new URL(link());
  const second = start(['serve', '--socket', path(), '--metrics', 'off', '--console', host]);
  expect(await second.ended).toBe(1);
  expect(second.stderr()).toContain('ERR_ADDRESS_IN_USE');
  expect(second.stderr()).toContain('--console 127.0.0.1:PORT');
});

test('a proxy that takes over waits for the address, and has the same link', async () => {
  const first = await serving(LOCAL);
  const second = await serving(['--replace', '--console', new URL(first.link()).host], first);
  expect(await first.served.ended).toBe(0);
  await until('the second one serves the console', () => second.link());
  expect(second.link()).toBe(first.link());
  expect(await statusOf(second.link())).toBe(200);
});

describe('its code', () => {
  /** Which files of it a `serve` has loaded by its end. */
  async function loadedWith(args: string[]): Promise<string[]> {
    const [list, hook] = [path(), `${path()}.cjs`];
    writeFileSync(
      hook,
      `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(list)}, Object.keys(require.cache).join('\\n')))`,
    );
    const { served } = await serving(args, { env: { NODE_OPTIONS: `--require ${hook}` } });
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
    return readFileSync(list, 'utf8')
      .split('\n')
      .filter((file) => file.includes('/dist/lib/console/'));
  }

  test('is loaded only with --console', async () => {
    expect(await loadedWith([])).toEqual([]);
    expect((await loadedWith(LOCAL)).length).toBeGreaterThan(5);
  });
});
