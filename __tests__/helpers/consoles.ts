import { afterEach } from '@jest/globals';
import { Console, type ConsoleOptions } from '../../lib/console/console.js';
import { type ServerEvent, SseParser } from '../../lib/console/page/sse-parser.js';
import { BoundaryLogProxy, type BoundaryLogProxyOptions } from '../../lib/index.js';
import { logLines } from './log-lines.js';
import { until } from './until.js';

export const TOKEN = 'T'.repeat(43);
/** What stands for the page. */
export const FILES = { 'index.html': '<!doctype html>', 'page.js': '// page', 'page.css': '/* page */' };

/** What a page has received. */
export interface Stream {
  readonly response: Response;
  readonly events: ServerEvent[];
  isOver(): boolean;
  /** The events of all batches. */
  logs(): Record<string, unknown>[];
  /** The last message with a name, parsed. */
  last(name: string): Record<string, unknown> | undefined;
  close(): void;
}

/** Starts proxies with a console, and opens streams of it. All of it ends after the test. */
export function consoles() {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(
    socketPath: string,
    options: Partial<ConsoleOptions> = {},
    proxyOptions: BoundaryLogProxyOptions = {},
  ) {
    const logger = logLines();
    const proxy = new BoundaryLogProxy({ socketPath, ...proxyOptions });
    const all = {
      address: { host: '127.0.0.1', port: 0 },
      token: TOKEN,
      labels: ['Coder'],
      sample: 'send --sample 20',
    };
    const console = await Console.start(proxy, {
      ...all,
      maxConnections: 24,
      logger,
      files: FILES,
      ...options,
    });
    closing.push(
      () => console.close(),
      () => proxy.close(),
    );
    await proxy.start();
    const url = console.link.replace(/\/#.*/, '');
    return { proxy, console, logger, url, port: Number(new URL(url).port) };
  }

  async function open(url: string, headers: Record<string, string> = {}): Promise<Stream> {
    const aborter = new AbortController();
    closing.push(() => aborter.abort());
    const response = await fetch(`${url}/stream`, {
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      signal: aborter.signal,
    });
    const events: ServerEvent[] = [];
    const parser = new SseParser();
    let over = false;
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? [])
        events.push(...parser.push(decoder.decode(chunk, { stream: true })));
    };
    void read()
      .catch(() => undefined)
      .finally(() => {
        over = true;
      });
    return {
      response,
      events,
      isOver: () => over,
      logs: () => events.flatMap(({ name, data }) => (name === 'batch' ? JSON.parse(data.join('\n')) : [])),
      last: (name) => {
        const found = events.filter((event) => event.name === name).at(-1);
        return found && JSON.parse(found.data.join('\n'));
      },
      close: () => aborter.abort(),
    };
  }
  return { start, open };
}

/** Waits until a page has received so many events. */
export const received = (stream: Stream, n: number) =>
  until(`${n} events are received`, () => stream.logs().length >= n);
