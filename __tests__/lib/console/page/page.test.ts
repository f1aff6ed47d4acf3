import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'puppeteer-core';
import { encodeFrame, Tag } from '../../../../codec/index.js';
import { isPrintable } from '../../../../lib/printable.js';
import { eventBatch } from '../../../helpers/event-batch.js';
import { FIELDS, HOSTILE } from '../../../helpers/hostile-strings.js';
import { commands, listening, MAIN, type Running } from '../../../helpers/processes.js';
import { linesOf, logOf } from '../../../helpers/served.js';
import { sendAll } from '../../../helpers/socket-client.js';
import { testUnless } from '../../../helpers/system.js';
import { tempPaths } from '../../../helpers/temp.js';
import { accessibilityFaults, browser, MISSING_BROWSER, textOf, waitForText } from './browser.js';

const start = commands();
const path = tempPaths();
const open = browser();
/** A test with a browser. Each waits for what it expects, so this only has to be long enough for a slow machine. */
const testPage = (name: string, run: () => Promise<void>) => testUnless(MISSING_BROWSER)(name, run, 180_000);
jest.setTimeout(180_000);

interface Served {
  readonly served: Running;
  readonly socket: string;
  readonly link: string;
  /** The folder in which it keeps the token. */
  readonly state: string;
}

async function serving(
  args: string[] = [],
  { state = path(), socket = path(), address = '127.0.0.1:0' } = {},
): Promise<Served> {
  const all = ['serve', '--socket', socket, '--metrics', 'off', '--console', address, ...args];
  const served = start(all, { env: { XDG_STATE_HOME: state } });
  await listening(served, socket);
  const link = logOf(served).find(({ msg }) => msg === 'serving the console')?.url as string;
  return { served, socket, link, state };
}

const NULL = ['--reporter', 'null'];

/** A frame with events. */
const frame = (...events: Parameters<typeof eventBatch>) => encodeFrame(Tag.V1, eventBatch(...events).raw);
const rowsOf = (page: Page) =>
  page.$$eval('.row[role=option]', (rows) =>
    rows.map((row) => (row as HTMLElement).innerText.replaceAll(/\s+/g, ' ').trim()),
  );
const DENIED = {
  decision: 'deny',
  http_method: 'POST',
  http_url: 'https://api.example.com/v1/upload',
} as const;
const ALLOWED = {
  decision: 'allow',
  http_method: 'GET',
  http_url: 'https://docs.example.org/guide',
  matched_rule: 'domain=docs.example.org',
} as const;

testPage('the path of a newcomer: the link, what to do, and the first events', async () => {
  const { link, socket } = await serving(NULL);
  const { page, faults } = await open(link);
  const empty = await waitForText(page, '.list-frame .empty', /No events yet/);
  expect(empty).toContain(socket);
  const command = await textOf(page, '.command code');
  expect(command).toContain(`send --socket ${socket} --sample 20`);
  expect(command).toContain(MAIN);
  await waitForText(page, '.status', /^Forwarding to null\.$/);
  // What the page says is what one runs.
  const sender = start(command.slice(command.indexOf(MAIN) + MAIN.length + 1).split(' '));
  expect(await sender.ended).toBe(0);
  await waitForText(page, '.counts', /^20 events, 7 denied/);
  const [newest] = await rowsOf(page);
  expect(newest).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} allow POST https:\/\/api\.example\.com\/v1\/messages|^\d\d:\d\d:\d\d\.\d{3} /,
  );
  await waitForText(page, '.sessions', /complete, 0–19/);
  const hosts = await textOf(page, '.hosts');
  expect(hosts).toContain('--allow "method=CONNECT domain=203.0.113.7"');
  expect(faults).toEqual([]);
});

describe('the token', () => {
  testPage('leaves the address at once, stays for this tab, and is never sent as a cookie', async () => {
    const { link } = await serving(NULL);
    const { page, faults } = await open(`${link}&filter=host:a.example&decision=denied`);
    await waitForText(page, '.status', /Forwarding/);
    const token = /token=([\w-]+)/.exec(link)?.[1] ?? '';
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(page.url()).not.toContain(token);
    expect(page.url()).toMatch(/#filter=host%3Aa\.example&decision=denied$/);
    expect(await page.evaluate(() => [document.cookie, history.length <= 2, document.referrer])).toEqual([
      '',
      true,
      '',
    ]);
    await page.reload();
    await waitForText(page, '.status', /Forwarding/);
    expect(await page.$eval('.filter input', (input) => (input as HTMLInputElement).value)).toBe(
      'host:a.example',
    );
    expect(faults).toEqual([]);
  });

  testPage(
    'is asked for by a page without it; a pasted link opens it, and a wrong one does not',
    async () => {
      const { link } = await serving(NULL);
      const { page } = await open(link.replace(/#.*/, '#filter=x'));
      await waitForText(page, '.locked', /needs the link of the console/);
      await page.type('.locked input', 'nonsense');
      await page.keyboard.press('Enter');
      await waitForText(page, '.locked', /does not contain a token/);
      await page.$eval('.locked input', (input) => ((input as HTMLInputElement).value = ''));
      await page.type('.locked input', link.replace(/token=.*/, `token=${'A'.repeat(43)}`));
      await page.keyboard.press('Enter');
      await waitForText(page, '.locked', /no longer works/);
      await page.$eval('.locked input', (input) => ((input as HTMLInputElement).value = ''));
      await page.type('.locked input', link);
      await page.keyboard.press('Enter');
      await waitForText(page, '.status', /Forwarding/);
      expect(page.url()).toMatch(/#filter=x$/);
    },
  );
});

testPage('a hostile text in every field is shown as visible text, and nothing else', async () => {
  const { link, socket } = await serving(NULL);
  const { page, faults } = await open(link);
  const markup = [
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    '{{constructor}}',
    'javascript:alert(1)',
  ];
  const texts = [...HOSTILE.map(([, text]) => text), ...markup].map((text) => text.slice(0, 4000));
  await sendAll(
    socket,
    texts.map((text) =>
      frame({ ...Object.fromEntries(FIELDS.map((field) => [field, text])), decision: 'deny' }),
    ),
  );
  await sendAll(
    socket,
    texts.map((text) =>
      frame({
        ...Object.fromEntries(FIELDS.map((field) => [field, `https://a.example/${text}`])),
        decision: 'allow',
      }),
    ),
  );
  await waitForText(page, '.counts', new RegExp(`^${2 * texts.length} events`));
  const found = await page.evaluate(async (count) => {
    const texts = new Set<string>();
    const read = () => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
        texts.add(node.nodeValue ?? '');
      for (const element of document.querySelectorAll('[title], [aria-label]'))
        texts.add(`${element.getAttribute('title') ?? ''}${element.getAttribute('aria-label') ?? ''}`);
    };
    const list = document.querySelector('.list') as HTMLElement;
    for (let row = 0; row < count; row++) {
      list.scrollTop = Math.max(0, row - 5) * 24;
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      (document.querySelector(`[aria-posinset="${row + 1}"]`) as HTMLElement).click();
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      read();
    }
    const elements = [...new Set([...document.querySelectorAll('body *')].map(({ localName }) => localName))];
    return { texts: [...texts], elements };
  }, 2 * texts.length);
  expect(found.texts.filter((text) => !isPrintable(text.trim()))).toEqual([]);
  expect(found.texts.join()).toContain('<img src=x onerror=alert(1)>');
  expect(found.texts.join()).toContain('\\u202e');
  for (const element of ['img', 'script', 'svg', 'iframe', 'a', 'style'])
    expect(found.elements).not.toContain(element);
  expect(faults).toEqual([]);
});

testPage(
  'a restart of the proxy: the page says since when it is disconnected, and continues with the same token',
  async () => {
    const first = await serving(NULL);
    const { page, faults } = await open(first.link);
    await sendAll(first.socket, [frame({ ...DENIED, session_id: 'a', sequence_number: 0 })]);
    await waitForText(page, '.counts', /^1 event,/);
    first.served.child.kill('SIGTERM');
    await first.served.ended;
    await waitForText(page, '.status', /^Disconnected since \d\d:\d\d\. Retrying\.$/);
    const again = await serving(NULL, { ...first, address: new URL(first.link).host });
    expect(again.link).toBe(first.link);
    await waitForText(page, '.status', /^Forwarding to null\.$/);
    await waitForText(
      page,
      '.notice',
      /The proxy restarted at \d\d:\d\d\. Earlier events are still listed\./,
    );
    await sendAll(again.socket, [frame(ALLOWED)]);
    await waitForText(page, '.counts', /^2 events, 1 denied/);
    expect((await rowsOf(page)).map((row) => row.replace(/^\S+ /, ''))).toEqual([
      'allow GET https://docs.example.org/guide domain=docs.example.org',
      'DENY POST https://api.example.com/v1/upload',
    ]);
    expect(faults).toEqual([]);
  },
);

describe('nothing moves', () => {
  testPage('while the page is paused: new events are counted, and listed when somebody asks', async () => {
    const { link, socket } = await serving(NULL);
    const { page } = await open(link);
    await sendAll(socket, [frame(DENIED)]);
    await waitForText(page, '.counts', /^1 event,/);
    await page.keyboard.press('p');
    await waitForText(page, '.actions', /Resume \(paused \d\d:\d\d\)/);
    await sendAll(socket, [frame(ALLOWED, ALLOWED)]);
    await waitForText(page, '.waiting', /^2 new events: show$/);
    expect(await rowsOf(page)).toHaveLength(1);
    await page.click('.waiting');
    await waitForText(page, '.listed', /^3 events listed$/);
    expect(await rowsOf(page)).toHaveLength(3);
    await page.keyboard.press('p');
    await waitForText(page, '.actions', /^Pause/);
  });

  testPage('under the pointer, nor in a list that is scrolled', async () => {
    const { link, socket } = await serving(NULL);
    const { page } = await open(link);
    await sendAll(
      socket,
      Array.from({ length: 100 }, () => frame(DENIED)),
    );
    await waitForText(page, '.listed', /^100 events listed$/);
    await page.hover('.row[role=option]');
    await sendAll(socket, [frame(ALLOWED)]);
    await waitForText(page, '.waiting', /^1 new event: show$/);
    expect((await rowsOf(page))[0]).toContain('DENY');
    await page.hover('.header h1');
    await waitForText(page, '.listed', /^101 events listed$/);
    expect((await rowsOf(page))[0]).toContain('allow');
    await page.$eval('.list', (list) => list.scrollTo(0, 500));
    await sendAll(socket, [frame(ALLOWED)]);
    await waitForText(page, '.waiting', /^1 new event: show$/);
    expect(await page.$eval('.list', ({ scrollTop }) => scrollTop)).toBe(500);
    await page.keyboard.press('n');
    await waitForText(page, '.listed', /^102 events listed$/);
  });
});

testPage('keys select, show, copy and filter', async () => {
  const { link, socket } = await serving(NULL);
  const { page } = await open(link);
  await sendAll(socket, [frame(ALLOWED), frame(DENIED)]);
  await waitForText(page, '.counts', /^2 events/);
  await page.keyboard.press('j');
  await waitForText(page, '.details h2', /^DENY POST api\.example\.com$/);
  await page.keyboard.press('c');
  await waitForText(
    page,
    '.said',
    /^Copied --allow "method=POST domain=api\.example\.com path=\/v1\/upload"$/,
  );
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    '--allow "method=POST domain=api.example.com path=/v1/upload"',
  );
  await page.keyboard.press('j');
  await waitForText(page, '.details h2', /^allow GET docs\.example\.org$/);
  await page.keyboard.press('k');
  await waitForText(page, '.details h2', /^DENY/);
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.className)).toBe('details');
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[open]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog[open]', { hidden: true });
  await page.keyboard.press('/');
  await page.keyboard.type('host:docs.example.org GUIDE');
  await waitForText(page, '.listed', /^1 event listed$/);
  expect(page.url()).toMatch(/#filter=host%3Adocs\.example\.org\+GUIDE$/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await waitForText(page, '.details', /^Select an event/);
});

testPage('100,000 events: all can be filtered, and only what is visible is drawn', async () => {
  const { link, socket } = await serving(NULL);
  const { page, faults } = await open(link);
  expect(await start(['send', '--socket', socket, '--sample', '100000']).ended).toBe(0);
  await waitForText(page, '.counts', /^100,000 events, 37,500 denied/);
  expect(await page.$$eval('.row[role=option]', (rows) => rows.length)).toBeLessThan(100);
  await page.type('.filter input', 'method:DELETE production');
  await waitForText(page, '.listed', /^12,500 events listed$/);
  await page.$eval('.list', (list) => list.scrollTo(0, list.scrollHeight));
  await page.waitForSelector('[aria-posinset="12500"]');
  expect(await page.$$eval('.row[role=option]', (rows) => rows.length)).toBeLessThan(100);
  expect(faults).toEqual([]);
});

testPage('an outage: the first line says since when, how much waits, and that nothing is lost', async () => {
  const destination = path();
  const { link, socket } = await serving(['--reporter', `socket:${destination}`, '--spool', path()]);
  const { page } = await open(link);
  await sendAll(socket, [frame(DENIED), frame(ALLOWED, ALLOWED)]);
  const status = await waitForText(
    page,
    '.status',
    /unavailable since \d\d:\d\d\. 2 batches \(\d+ bytes\) on disk, nothing lost\./,
  );
  expect(status).toMatch(new RegExp(`^Warning: ${destination} unavailable`));
  await waitForText(page, '.reporter', /Reason: nothing accepts connections on /);
});

testPage('a session with a gap: the first line and the session say so', async () => {
  const { link, socket } = await serving(NULL);
  const { page } = await open(link);
  const event = (sequence_number: number) =>
    frame({ ...ALLOWED, session_id: 'f3462efc', sequence_number, confined_process_name: 'goose' });
  await sendAll(socket, [event(0), event(3)]);
  await waitForText(page, '.status', /^Warning: Session f3462efc misses 2 events\. Forwarding to null\.$/);
  expect(await textOf(page, '.sessions li')).toMatch(/f3462efc\s+goose[\s\S]*2 missing: 2 unexplained/);
});

describe('accessibility', () => {
  const SCHEMES = ['light', 'dark'] as const;

  testPage('axe has no serious finding, in light and dark, wide and narrow, and at each state', async () => {
    const { link, socket } = await serving(NULL);
    const { page } = await open(link);
    await waitForText(page, '.list-frame .empty', /No events yet/);
    const faults: Record<string, string[]> = {};
    const check = async (state: string) => {
      for (const value of SCHEMES) {
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
        faults[`${state}, ${value}`] = await accessibilityFaults(page);
      }
    };
    await check('empty');
    const session_id = 'f3462efc';
    await sendAll(socket, [frame({ ...ALLOWED, session_id, sequence_number: 3 }, DENIED)]);
    await waitForText(page, '.counts', /^2 events/);
    await page.keyboard.press('j');
    await waitForText(page, '.details h2', /^DENY/);
    await check('events');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await check('help');
    await page.keyboard.press('Escape');
    await page.setViewport({ width: 400, height: 800 });
    for (const tab of ['Events', 'Hosts', 'Sessions', 'Flow']) {
      await page.evaluate(
        (tab) =>
          [...document.querySelectorAll<HTMLElement>('.tabs button')]
            .find(({ innerText }) => innerText === tab)
            ?.click(),
        tab,
      );
      await page.waitForSelector(`.page[data-tab=${tab}]`);
      await check(`narrow ${tab}`);
    }
    expect(faults).toEqual(Object.fromEntries(Object.keys(faults).map((state) => [state, []])));
    expect(Object.keys(faults)).toHaveLength(14);
  });

  testPage('no width needs sideways scrolling, down to 320 px, which is 1280 px at 400 % zoom', async () => {
    const { link, socket } = await serving(NULL);
    const { page } = await open(link);
    await sendAll(socket, [
      frame({
        ...DENIED,
        http_url: `https://${'a'.repeat(200)}.example/${'b'.repeat(500)}`,
        session_id: 'f3462efc',
      }),
    ]);
    await waitForText(page, '.counts', /^1 event/);
    await page.keyboard.press('j');
    for (const width of [1440, 1280, 900, 899, 720, 600, 599, 400, 320]) {
      await page.setViewport({ width, height: 800 });
      const tabs = width < 900 ? ['Events', 'Hosts', 'Sessions', 'Flow'] : [''];
      for (const tab of tabs) {
        await page.evaluate(
          (tab) =>
            [...document.querySelectorAll<HTMLElement>('.tabs button')]
              .find(({ innerText }) => innerText === tab)
              ?.click(),
          tab,
        );
        await page.evaluate(() => new Promise(requestAnimationFrame));
        const over = await page.evaluate(() => (document.scrollingElement?.scrollWidth ?? 0) - innerWidth);
        expect([width, tab, over]).toEqual([width, tab, 0]);
      }
    }
  });
});

test('the page has less than 100 kB when it is compressed', async () => {
  const { PAGE_FILES } = (await import(join(MAIN, '../../console/page-files.js'))) as {
    PAGE_FILES: Record<string, string>;
  };
  const bytes = Object.values(PAGE_FILES).reduce((sum, file) => sum + gzipSync(file).length, 0);
  expect(Object.keys(PAGE_FILES)).toEqual(['index.html', 'page.js', 'page.css']);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(100_000);
});

describe('serve --console', () => {
  test.each(['0.0.0.0:9466', '192.168.1.5:9466', '[::]:9466', 'example.com:9466', 'localhost:9466', '9466'])(
    '%s is refused, and nothing is started',
    async (address) => {
      const refused = start(['serve', '--socket', path(), '--metrics', 'off', '--console', address]);
      expect(await refused.ended).toBe(2);
      expect(linesOf(refused.stderr())[0]).toMatch(/^error: ERR_INVALID_OPTION: --console: got "/);
    },
  );
});
