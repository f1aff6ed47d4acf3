import type { BoundaryEvent } from '../../text/event.js';
import type { Hello, Messages, Missed, Sample, State } from '../messages.js';
import { type ConnectionState, receive } from './connection.js';
import { EventLog } from './event-log.js';
import { EVERYTHING, type Filter } from './filter.js';
import { withSample } from './flow.js';
import { acceptToken, readAddress, writeAddress } from './link.js';
import { pageEvent } from './page-event.js';
import type { Knowledge } from './status.js';

const DEFAULT_MAX_EVENTS = 100_000;

/** Everything that the page shows. Whoever draws it is told when something has changed. */
export class Model {
  readonly log = new EventLog(DEFAULT_MAX_EVENTS);
  connection: ConnectionState | { readonly kind: 'no token' } = { kind: 'connecting' };
  filter: Filter = EVERYTHING;
  /** Since when new events wait because somebody wants that, in ms since 1970. */
  pausedSince: number | undefined;
  /** How many events this page did not receive. */
  missed = 0;
  /** When the proxy has restarted while the page was open, in ms since 1970. */
  restartedAt: number | undefined;
  /** How many times somebody has asked for the events that wait. */
  shows = 0;
  /** The processes of sessions, as far as their events tell. */
  readonly processes = new Map<string, string>();
  #hello: Hello | undefined;
  #state: State | undefined;
  #samples: readonly Sample[] = [];
  /** Numbers of the next event of this page, and of this run of the proxy. */
  #next = 0;
  #nextOfRun = 0;
  #isPointed = false;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What is known about the proxy, if something is. */
  get knowledge(): Knowledge | undefined {
    if (this.#hello === undefined || this.#state === undefined) return undefined;
    return { hello: this.#hello, state: this.#state, samples: this.#samples };
  }

  start(): void {
    const { token, filter } = readAddress();
    this.filter = filter;
    this.log.setFilter(filter);
    // A link with another token that is opened in this tab changes only this part of the address.
    addEventListener('hashchange', () => {
      if (new URLSearchParams(location.hash.slice(1)).has('token')) location.reload();
      else this.setFilter(readAddress().filter);
    });
    if (token === undefined) this.connection = { kind: 'no token' };
    else this.#receive(token);
    this.#changed();
  }

  /** Uses the token of a link. @returns false if it has none. */
  usePasted(text: string): boolean {
    const token = acceptToken(text);
    if (token === undefined) return false;
    this.connection = { kind: 'connecting' };
    this.#receive(token);
    this.#changed();
    return true;
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.log.setFilter(filter);
    writeAddress(filter);
    this.#changed();
  }

  togglePause(): void {
    this.pausedSince = this.pausedSince === undefined ? Date.now() : undefined;
    this.#hold();
    this.#changed();
  }

  /** Whether somebody points at the list, or reads further down: then nothing may move. */
  set isPointed(isPointed: boolean) {
    if (this.#isPointed === isPointed) return;
    this.#isPointed = isPointed;
    this.#hold();
    this.#changed();
  }

  /** Lists the events that wait. */
  showWaiting(): void {
    this.shows += 1;
    this.log.showAll();
    this.#changed();
  }

  #hold(): void {
    this.log.isHeld = this.pausedSince !== undefined || this.#isPointed;
    if (!this.log.isHeld) this.log.showAll();
  }

  #receive(token: string): void {
    void receive(token, {
      state: (state) => {
        this.connection = state;
        this.#changed();
      },
      message: (name, message) => {
        this.#on(name, message);
        this.#changed();
      },
      events: (events, end) => {
        this.#add(events, end);
        this.#changed();
      },
    });
  }

  #on<Name extends keyof Messages>(name: Name, message: Messages[Name]): void {
    if (name === 'hello') this.#greet(message as Hello);
    if (name === 'missed') this.missed += (message as Missed).events;
    if (name === 'state') {
      this.#state = message as State;
      this.#samples = withSample(this.#samples, this.#state.sample);
    }
  }

  #greet(hello: Hello): void {
    if (this.#hello?.run !== hello.run) {
      if (this.#hello !== undefined) this.restartedAt = hello.startedAt;
      this.#nextOfRun = 0;
    }
    this.#hello = hello;
    this.#samples = hello.history;
    this.log.max = hello.maxEvents;
  }

  /** @param end The number in this run of the event after these. */
  #add(received: readonly BoundaryEvent[], end: number): void {
    const first = end - received.length;
    // What was sent again after a reconnection is known already.
    const fresh = received.slice(Math.max(0, this.#nextOfRun - first));
    const events = fresh.map((event) => pageEvent(this.#next++, event));
    for (const { session, process } of events)
      if (session !== '' && process !== '' && !this.processes.has(session))
        this.processes.set(session, process);
    this.#nextOfRun = end;
    this.log.add(events);
  }
}
