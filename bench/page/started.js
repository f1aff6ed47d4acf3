// A proxy with a console, and a browser that shows it: for screenshots and measurements.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

const MAIN = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/**
 * @typedef {object} Started
 * @property {string} link
 * @property {import('puppeteer-core').Browser} browser
 * @property {(args: readonly string[], input?: string) => Promise<void>} send Runs `send`.
 * @property {() => Promise<void>} close
 */

/** @param {readonly string[]} options Options of `serve`. @returns {Promise<Started>} */
export async function started(...options) {
  const folder = mkdtempSync(join(tmpdir(), 'console-'));
  const socket = join(folder, 'boundary-audit.sock');
  const env = { ...process.env, XDG_STATE_HOME: folder, TZ: 'Europe/Berlin' };
  const args = ['serve', '--socket', socket, '--console', '127.0.0.1:0', '--metrics', 'off', ...options];
  const serve = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let link = '';
  for await (const line of createInterface({ input: serve.stderr })) {
    const { msg, url } = JSON.parse(line);
    if (msg === 'serving the console') link = url;
    if (msg === 'listening') break;
  }
  // Nobody reads the rest of the log.
  serve.stderr.resume();
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    // In a container, root has no sandbox.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    env,
  });
  return {
    link,
    browser,
    async send(more, input = '') {
      const child = spawn(process.execPath, [MAIN, 'send', '--socket', socket, ...more], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      child.stdin.end(input);
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`send ended with ${code}`);
    },
    async close() {
      await browser.close();
      serve.kill();
      await once(serve, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
