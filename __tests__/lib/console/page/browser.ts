import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect } from '@jest/globals';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';

/** Debian's package `chromium` installs it here. */
const PATH = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why no browser can be used here; undefined if one can. */
export const MISSING_BROWSER = existsSync(PATH)
  ? undefined
  : `there is no Chromium at ${PATH}: install it, or set CHROMIUM`;

/** A page of a browser, and what went wrong on it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of the page, refused resources, and requests to elsewhere. */
  readonly faults: string[];
}

/** Starts one browser for all tests of a file. @returns how to open a page in a window without history and storage. */
export function browser(): (url: string, width?: number, height?: number) => Promise<OpenPage> {
  let running: Browser | undefined;
  beforeAll(async () => {
    if (MISSING_BROWSER !== undefined) return;
    // In a container, root has no sandbox. The page is ours.
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    running = await puppeteer.launch({
      executablePath: PATH,
      args,
      timeout: 120_000,
      protocolTimeout: 120_000,
    });
  }, 120_000);
  afterAll(() => running?.close());
  return async (url, width = 1440, height = 900) => {
    const context = await (running as Browser).createBrowserContext();
    await context.overridePermissions(new URL(url).origin, [
      'clipboard-read',
      'clipboard-write',
      'clipboard-sanitized-write',
    ]);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const faults: string[] = [];
    page.on('console', (message) => {
      // A stream that ends with its proxy is part of the test.
      if (message.type() === 'error' && !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(message.text()))
        faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== new URL(url).origin && protocol !== 'data:')
        faults.push(`a request to ${request.url()}`);
    });
    await page.setViewport({ width, height });
    await page.goto(url);
    return { page, faults };
  };
}

/** The text that a person sees in an element. */
export const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => (element as HTMLElement).innerText);

/** Waits until the text of an element matches. */
export async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<string> {
  await page
    .waitForFunction(
      (selector, source) =>
        new RegExp(source).test((document.querySelector(selector) as HTMLElement | null)?.innerText ?? ''),
      {},
      selector,
      pattern.source,
    )
    .catch(async (error) => {
      throw new Error(`${selector} does not match ${pattern}, but is ${await textOf(page, selector)}`, {
        cause: error,
      });
    });
  return textOf(page, selector);
}

/** The serious and critical findings of axe. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { source } = (await import('axe-core')).default;
  // The policy of the page forbids scripts of others, but not those of the debugger.
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeResult[] }> } };
    return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      html: nodes.map(({ html }) => html.slice(0, 200)),
    }));
  });
  expect(violations).toBeDefined();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, html }) => `${id}: ${html.slice(0, 3).join(' ')}`);
}

interface AxeResult {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}
