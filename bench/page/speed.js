// node bench/page/speed.js
// Measures the page of the console in Chromium with 100,000 events: how long a filter over all of them takes, until the
// list is drawn, and how long frames take while events arrive and somebody scrolls. It needs a build, and Chromium.

import { percentile } from '../statistics.js';
import { started } from './started.js';

const EVENTS = 100_000;
/** How long frames are measured, in ms. */
const FRAMES_MS = 10_000;
const FILTERS = [
  'upload',
  'method:DELETE production',
  'host:*.example.com',
  'nothing has this',
  'host:collect.example.net x',
  '',
];

const { link, browser, send, close } = await started('--reporter', 'null');
try {
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(link);
  await page.waitForSelector('.counts');
  await page.evaluate(() => {
    const frames = /** @type {number[]} */ ([]);
    Object.assign(globalThis, { frames });
    let last = performance.now();
    const next = (/** @type {number} */ now) => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  const framesOf = () =>
    page.evaluate(() =>
      /** @type {{ frames: number[] }} */ (/** @type {unknown} */ (globalThis)).frames.splice(0),
    );
  await send(['--sample', String(EVENTS)]);
  await page.waitForFunction(
    () => document.querySelector('.counts')?.textContent?.startsWith('100,000 events'),
    { timeout: 120_000 },
  );
  report('frames while 100,000 events arrive', await framesOf());

  const filters = await page.evaluate(async (texts) => {
    const input = /** @type {HTMLInputElement} */ (document.querySelector('.filter input'));
    const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const times = [];
    for (let i = 0; i < 5; i++) {
      for (const text of texts) {
        const begun = performance.now();
        input.value = text;
        input.dispatchEvent(new Event('input', { bubbles: true }));
        const filtered = performance.now();
        await drawn();
        times.push({ text, filtered: filtered - begun, drawn: performance.now() - begun });
      }
    }
    return times;
  }, FILTERS);
  report(
    'a filter over all events',
    filters.map(({ filtered }) => filtered),
  );
  report(
    'the same, until the list is drawn',
    filters.map(({ drawn }) => drawn),
  );

  await framesOf();
  const arriving = send(['--sample', '20000']);
  const until = Date.now() + FRAMES_MS;
  while (Date.now() < until) {
    await page.mouse.move(900, 400);
    await page.mouse.wheel({ deltaY: 700 });
  }
  await arriving;
  report('frames while events arrive and the list is scrolled', await framesOf());
} finally {
  await close();
}

/** @param {string} what @param {readonly number[]} times In ms. */
function report(what, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const [p50, p95, max] = [0.5, 0.95, 1].map((part) => percentile(sorted, part).toFixed(1));
  const below = ((100 * times.filter((ms) => ms < 50).length) / times.length).toFixed(1);
  console.log(
    `${what}: ${times.length}, p50 ${p50} ms, p95 ${p95} ms, max ${max} ms, ${below} % below 50 ms`,
  );
}
