// node bench/page/screenshots.js FOLDER
// Writes screenshots of the console: at three widths, light and dark, and each view of a narrow screen. The one in docs/ is
// 1120-light.png. It needs a build, and Chromium.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { started } from './started.js';

const [folder = 'screenshots'] = process.argv.slice(2);
const SIZES = /** @type {const} */ ([
  [1440, 900],
  // For the documentation, which has less room.
  [1120, 680],
  [800, 900],
  [400, 800],
]);
/** A run that is complete, and one of which events are missing. */
const RUNS = /** @type {const} */ ([
  ['a3f91c52-7b2a-4f0e-9d55-0c2f8a1b9e77', 'claude-code', 0],
  ['77c2b4de-51f0-4a86-8f3d-6e0b9c1a2d34', 'goose', 7],
]);
/** Each run is sent in several parts, so that the flow shows something. */
const PARTS = 5;
const EVENTS = 45;
const REQUESTS = /** @type {const} */ ([
  ['GET', 'https://registry.npmjs.org/express', 'domain=registry.npmjs.org'],
  ['POST', 'https://api.anthropic.com/v1/messages', 'method=POST domain=api.anthropic.com'],
  ['GET', 'https://docs.example.org/guide/getting-started', 'domain=*.example.org'],
  ['POST', 'https://api.example.com/v1/upload', ''],
  ['GET', 'https://github.com/coder/boundary/archive/refs/heads/main.tar.gz', 'method=GET domain=github.com'],
  ['POST', 'https://api.example.com/v1/upload', ''],
  ['CONNECT', 'https://203.0.113.7:8443', ''],
  ['GET', 'https://pypi.org/simple/requests/', 'domain=pypi.org'],
  ['PUT', 'https://files.example.net/backup/2026/03/03/workspace.tar.zst?part=17', ''],
]);

/**
 * @param {string} session
 * @param {string} process
 * @param {number} missing How many events are missing after the first part.
 * @param {number} part
 */
function eventsOf(session, process, missing, part) {
  const size = EVENTS / PARTS;
  return Array.from({ length: size }, (_, i) => {
    const number = part * size + i;
    const [http_method, http_url, matched_rule] = REQUESTS[number % REQUESTS.length] ?? REQUESTS[0];
    const seconds = part * 2 + (missing > 0 ? 1 : 0);
    const event_time = new Date(Date.UTC(2026, 2, 3, 11, 4, seconds, 204 + i * 17)).toISOString();
    const sequence_number = number + (part === 0 ? 0 : missing);
    const more = { session_id: session, sequence_number, confined_process_name: process, event_time };
    const decision = matched_rule === '' ? { decision: 'deny' } : { decision: 'allow', matched_rule };
    return JSON.stringify({ ...decision, http_method, http_url, ...more });
  }).join('\n');
}

mkdirSync(folder, { recursive: true });
const { link, browser, send, close } = await started();
try {
  for (let part = 0; part < PARTS; part++) {
    for (const [session, process, missing] of RUNS) await send([], eventsOf(session, process, missing, part));
    await sleep(1000);
  }
  for (const [width, height] of SIZES) {
    for (const scheme of ['light', 'dark']) {
      const page = await (await browser.createBrowserContext()).newPage();
      await page.setViewport({ width, height });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.goto(link);
      await page.waitForFunction(() =>
        document.querySelector('.counts')?.textContent?.startsWith('90 events'),
      );
      await page.keyboard.press('j');
      await page.waitForSelector('.details h2');
      // Some samples of the flow.
      await page.waitForFunction(() => document.querySelectorAll('.sessions li').length === 2);
      await page.screenshot({
        path: /** @type {`${string}.png`} */ (join(folder, `${width}-${scheme}.png`)),
      });
      if (width > 800) continue;
      for (const tab of ['Hosts', 'Sessions', 'Flow']) {
        await page.evaluate((tab) => {
          const tabs = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.tabs button'));
          [...tabs].find(({ textContent }) => textContent === tab)?.click();
        }, tab);
        await page.waitForSelector(`.page[data-tab=${tab}]`);
        await page.screenshot({
          path: /** @type {`${string}.png`} */ (join(folder, `${width}-${scheme}-${tab}.png`)),
        });
      }
    }
  }
} finally {
  await close();
}
