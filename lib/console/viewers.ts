import type { ServerResponse } from 'node:http';
import type { Hello, State } from './messages.js';
import type { RecentBatches } from './recent-batches.js';
import { Viewer } from './viewer.js';

/** How many pages may be open. */
const MAX_VIEWERS = 8;
/** How many events a second all pages together receive, once each has received what was kept when it was opened. */
const EVENTS_PER_SECOND = 2000;
/** A browser that has not read for so long, in ms, is gone or asleep. It connects again when it wakes up. */
const MAX_BLOCKED_MS = 60_000;

export interface ViewersOptions {
  readonly batches: RecentBatches;
  /** How many events a page may receive at once when it is opened. */
  readonly maxEvents: number;
  /** Changes when the proxy restarts. */
  readonly run: string;
  hello(): Hello;
  state(): State;
}

/** The pages that are open. */
export class Viewers {
  readonly #options: ViewersOptions;
  readonly #open = new Set<Viewer>();
  readonly #responses = new Map<Viewer, ServerResponse>();

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_VIEWERS;
  }

  add(response: ServerResponse, lastEventId: string | undefined): void {
    const { batches, run, maxEvents, hello, state } = this.#options;
    const from = this.#firstEventFor(lastEventId);
    const viewer = new Viewer(response, batches, { run, from, allowance: maxEvents });
    this.#open.add(viewer);
    this.#responses.set(viewer, response);
    response.once('close', () => {
      this.#open.delete(viewer);
      this.#responses.delete(viewer);
    });
    viewer.greet(hello(), state());
    viewer.pump();
  }

  /** Sends what has arrived in the last `ms`. */
  pump(ms: number): void {
    for (const viewer of this.#open) {
      viewer.allow(Math.ceil((EVENTS_PER_SECOND * ms) / 1000 / this.#open.size));
      viewer.pump();
    }
  }

  /** Sends how things stand. */
  sendState(): void {
    if (this.#open.size === 0) return;
    const state = this.#options.state();
    for (const viewer of this.#open) {
      viewer.send('state', state);
      if (viewer.blockedMs > MAX_BLOCKED_MS) this.#responses.get(viewer)?.destroy();
    }
  }

  /** A page of this run continues after the event that it received last. Any other page begins with what is kept. */
  #firstEventFor(lastEventId: string | undefined): number {
    const { batches, run } = this.#options;
    const [, ofRun, event] = /^([\w]+)-(\d{1,16})$/.exec(lastEventId ?? '') ?? [];
    const from = Number(event);
    if (ofRun === run && from <= batches.events) return from;
    return batches.at(batches.oldest)?.firstEvent ?? batches.events;
  }
}
