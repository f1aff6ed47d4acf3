import type { BoundaryEvent } from '../../text/event.js';
import type { Messages } from '../messages.js';
import { SseParser } from './sse-parser.js';

/** A page that has received nothing for so long, in ms, is not connected: the server says something each second. */
const SILENCE_MS = 10_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 5000;
/** How long the page works on new events before it draws, in ms. */
const WORK_MS = 8;

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** Since when, in ms since 1970. The page tries again. */
  | { readonly kind: 'lost'; readonly since: number }
  /** The token is wrong. Only another one helps. */
  | { readonly kind: 'refused' }
  /** The server has as many pages as it serves. The page tries again. */
  | { readonly kind: 'full' };

export interface Handlers {
  state(state: ConnectionState): void;
  message<Name extends keyof Messages>(name: Name, message: Messages[Name]): void;
  /** @param end The number of the event after these. */
  events(events: readonly BoundaryEvent[], end: number): void;
}

/** Receives the stream, and connects again whenever it ends. Nothing ends this but a wrong token. */
export async function receive(token: string, handlers: Handlers): Promise<void> {
  let lastEventId = '';
  let lostSince: number | undefined;
  for (let attempt = 0; ; attempt++) {
    if (attempt > 0) await sleep(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)));
    const aborter = new AbortController();
    let silence = setTimeout(() => aborter.abort(), SILENCE_MS);
    try {
      const headers: Record<string, string> = { authorization: `Bearer ${token}` };
      if (lastEventId !== '') headers['last-event-id'] = lastEventId;
      const response = await fetch('/stream', { headers, signal: aborter.signal, cache: 'no-store' });
      if (response.status === 401) {
        handlers.state({ kind: 'refused' });
        return;
      }
      if (response.status === 503) {
        handlers.state({ kind: 'full' });
        lostSince ??= Date.now();
        continue;
      }
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      handlers.state({ kind: 'open' });
      attempt = 0;
      lostSince = undefined;
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let drawn = performance.now();
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        clearTimeout(silence);
        silence = setTimeout(() => aborter.abort(), SILENCE_MS);
        for (const { name, id, data } of parser.push(chunk.value)) {
          if (name === 'batch') {
            lastEventId = id;
            handlers.events(JSON.parse(data.join('\n')), Number(id.slice(id.lastIndexOf('-') + 1)));
          } else {
            handlers.message(name as keyof Messages, JSON.parse(data.join('\n')));
          }
          if (performance.now() - drawn < WORK_MS) continue;
          await nextFrame();
          drawn = performance.now();
        }
      }
    } catch {
      // Whatever failed, another attempt may succeed.
    } finally {
      clearTimeout(silence);
    }
    lostSince ??= Date.now();
    handlers.state({ kind: 'lost', since: lostSince });
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      document.removeEventListener('visibilitychange', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    document.addEventListener('visibilitychange', done);
  });
}

/** Resolves after the page was drawn. A page that is not visible is not drawn. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden) setTimeout(resolve, 0);
    else requestAnimationFrame(() => setTimeout(resolve, 0));
  });
}
