import { escapeUnprintable } from '../printable.js';
import { parseUrl } from '../rules/go-url.js';
import { matchesParsed } from '../rules/match.js';
import type { Rule } from '../rules/read-rule.js';
import type { BoundaryEvent } from '../text/event.js';
import { BoundedMap } from './bounded-map.js';
import { counted, shownText } from './text-table.js';

/** How many different requests are shown. A program gets all of them. */
const MAX_SHOWN = 20;

/** Counts requests by method and URL, without the query. */
class Requests {
  events = 0;
  readonly #map = new BoundedMap(() => ({ events: 0 }));

  add({ http_method = '', http_url = '' }: BoundaryEvent): void {
    this.events += 1;
    const url = /^[^?#]*/.exec(http_url)?.[0] ?? '';
    const known = this.#map.get(`${http_method} ${url}`);
    if (known !== undefined) known.events += 1;
  }

  lines(): string[] {
    const all = this.#sorted();
    const width = String(all[0]?.events ?? 0).length;
    const lines = all
      .slice(0, MAX_SHOWN)
      .map(
        ({ events, http_method, http_url }) =>
          `  ${String(events).padStart(width)} ${textOf(http_method)} ${textOf(http_url)}`,
      );
    if (all.length > MAX_SHOWN)
      lines.push(`  and ${all.length - MAX_SHOWN} other requests: --json shows them`);
    if (this.#map.leftOut > 0)
      lines.push(
        `  and ${counted(this.#map.leftOut, 'event')} of further requests, for which the list has no room`,
      );
    return lines;
  }

  toJSON(): object {
    return { events: this.events, requests: this.#sorted(), left_out: this.#map.leftOut };
  }

  #sorted(): { http_method: string; http_url: string; events: number }[] {
    return this.#map.entries
      .map(([key, { events }]) => {
        // The method contains no space. A URL may contain some.
        const space = key.indexOf(' ');
        return { http_method: key.slice(0, space), http_url: key.slice(space + 1), events };
      })
      .sort((a, b) => b.events - a.events || (a.http_url < b.http_url ? -1 : 1));
  }
}

const textOf = (text: string) => (text === '' ? '-' : shownText(text));

/** Finds out which events some rules would allow, and which denied ones remain. */
export class RuleCheck {
  readonly #rules: readonly Rule[];
  readonly #allowed = new Requests();
  readonly #remaining = new Requests();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  add(event: BoundaryEvent): void {
    const { decision, http_method = '', http_url = '' } = event;
    const url = parseUrl(http_url);
    const isAllowed = url !== undefined && this.#rules.some((rule) => matchesParsed(rule, http_method, url));
    if (isAllowed) this.#allowed.add(event);
    else if (decision === 'deny') this.#remaining.add(event);
  }

  /** @param what What the events are called: `denied event`. */
  lines(what: string): string[] {
    const whose = this.#rules.length === 1 ? 'the rule' : 'the rules';
    return [
      `${whose} would allow ${counted(this.#allowed.events, what)}${this.#allowed.events > 0 ? ':' : ''}`,
      ...this.#allowed.lines(),
      `${counted(this.#remaining.events, 'denied event')} would remain${this.#remaining.events > 0 ? ':' : ''}`,
      ...this.#remaining.lines(),
    ];
  }

  json(): string {
    const rules = this.#rules.map(({ text }) => text);
    return escapeUnprintable(JSON.stringify({ rules, allowed: this.#allowed, remaining: this.#remaining }));
  }
}
