/** No prefix is shorter, so that a session whose first characters appear by chance in another one keeps its prefix. */
const SHORTEST = 4;

/** How many sessions are told apart. A peer may send any number of them. */
const MAX_SESSIONS = 1000;

/**
 * Shortens sessions to the prefix that distinguishes all sessions so far. It becomes longer when it has to. It is empty
 * as long as there is only one session.
 */
export class SessionPrefixes {
  #length = SHORTEST;
  /** The sessions by their prefixes, the oldest first. */
  #sessions = new Map<string, string>();

  of(session: string): string {
    const known = this.#sessions.get(session.slice(0, this.#length));
    if (known === undefined) this.#add(session);
    else if (known !== session) this.#addLonger(session);
    return this.#sessions.size === 1 ? '' : session.slice(0, this.#length);
  }

  #add(session: string): void {
    this.#sessions.set(session.slice(0, this.#length), session);
    this.#forgetOldest();
  }

  /** Another session has the same prefix. */
  #addLonger(session: string): void {
    const sessions = [...this.#sessions.values(), session];
    while (this.#sessions.size < sessions.length) {
      this.#length += 1;
      this.#sessions = new Map(sessions.map((each) => [each.slice(0, this.#length), each]));
    }
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS) this.#sessions.delete(oldest as string);
  }
}
