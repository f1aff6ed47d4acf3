import { ownText } from '../own-text.js';
import { parseUrl } from './go-url.js';
import { hostText } from './host-text.js';
import { identifierKind } from './identifiers.js';
import type { Level } from './level.js';
import { segmentsOf } from './match.js';
import { PathCover } from './path-cover.js';
import {
  type Inexpressible,
  patternFor,
  type RequestedEvent,
  type RequestPattern,
} from './request-pattern.js';
import { allowing, checkEvent, checkLevel, UNVERIFIED } from './rule-for.js';
import { type Group, rulesOf } from './rule-set.js';

/** How many different requests are kept, including those for which there is no rule. */
export const MAX_GROUPS = 20_000;
/** How many characters their URLs may have altogether. */
export const MAX_CHARACTERS = 2 ** 24;

/** A segment of a path needs as much memory as this many characters: it becomes a node of a tree. */
const SEGMENT_COST = 64;

/** A rule, and the events that it is for. */
export interface SuggestedRule {
  /** The text of the rule. */
  readonly rule: string;
  /** How many events it allows of those that were given, unless another rule of the set allows them, too. */
  readonly events: number;
  /** The first of them. */
  readonly example: RequestedEvent;
  /** What else it allows, in words, besides other ports, schemes, queries and users of the URL. */
  readonly alsoAllows: readonly string[];
}

/** Events that no rule can allow without allowing other domains. */
export interface InexpressibleEvents extends Inexpressible {
  /** How many events these are. */
  readonly events: number;
  /** The first of them. */
  readonly example: RequestedEvent;
}

/** What {@link suggestRules} returns. Each event is counted in one of its parts. */
export interface Suggestions {
  /** The rules for the most events come first. */
  readonly rules: readonly SuggestedRule[];
  /** The reasons that concern the most events come first. */
  readonly inexpressible: readonly InexpressibleEvents[];
  /** How many events have no rule because there were more different requests than are kept. */
  readonly leftOut: number;
}

interface Wider {
  readonly suggested: Mutable<SuggestedRule>;
  isAllowed(event: RequestedEvent): boolean;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/**
 * Collects events, and suggests rules for them. Its memory is bounded: it keeps at most 20,000 different requests, whose
 * URLs have at most 16 Mi characters, each segment of a path counting as 64 more. Requests that differ only in identifiers
 * in the middle of their paths count as one.
 */
export class RuleSuggester {
  readonly #by: Level;
  readonly #groups = new Map<string, Growing>();
  readonly #inexpressible = new Map<string, Mutable<InexpressibleEvents>>();
  #characters = 0;
  #leftOut = 0;

  /** @throws ERR_INVALID_OPTION if the level is not one. */
  constructor(by: Level = 'path') {
    checkLevel('RuleSuggester', by);
    this.#by = by;
  }

  /** Adds an event, whatever its decision. @throws ERR_INVALID_OPTION if it is not an event. */
  add(event: RequestedEvent): void {
    checkEvent('RuleSuggester', event);
    const pattern = patternFor(event, this.#by);
    if ('reason' in pattern) {
      this.#addInexpressible(pattern, event);
      return;
    }
    const key = keyOf(pattern);
    const known = this.#groups.get(key);
    if (known !== undefined) {
      known.add(pattern);
    } else if (this.#hasRoom(key, event, pattern.path)) {
      const example = copyOf(event);
      // Parsed again from the copy. Otherwise the pattern would keep the text in memory from which the event was read.
      this.#groups.set(key, new Growing(patternFor(example, this.#by) as RequestPattern, example));
    }
  }

  /** Suggests rules for all events so far. */
  suggestions(): Suggestions {
    const rules: Mutable<SuggestedRule>[] = [];
    const inexpressible: InexpressibleEvents[] = [];
    /** The rules that allow more than the requests that they were made for, by their paths. */
    const wider = new Map<string, PathCover<Wider>>();
    const groups = [...this.#groups.values()].map((group) => group.grown);
    for (const { rule, groups: covered, alsoAllows } of rulesOf(groups, this.#by)) {
      const isAllowed = allowing(rule);
      const allowed = covered.filter(({ example }) => isAllowed(example));
      const events = allowed.reduce((sum, group) => sum + group.events, 0);
      for (const { example, events } of allowed.length < covered.length ? covered : [])
        if (!isAllowed(example)) inexpressible.push({ ...UNVERIFIED, events, example });
      const [first] = allowed;
      if (first === undefined) continue;
      const suggested = { rule, events, example: first.example, alsoAllows };
      rules.push(suggested);
      if (alsoAllows.length === 0) continue;
      for (const { method = '', domain, path = [] } of covered) {
        const key = `${method} ${domain}`;
        const cover = wider.get(key) ?? new PathCover<Wider>();
        cover.add(path, { suggested, isAllowed });
        wider.set(key, cover);
      }
    }
    for (const one of this.#inexpressible.values()) {
      const { http_method: method = '', http_url = '' } = one.example;
      const url = parseUrl(http_url);
      const found = url && wider.get(`${method} ${url.hostname}`)?.find(segmentsOf(url.path));
      if (found?.isAllowed(one.example)) found.suggested.events += one.events;
      else inexpressible.push({ ...one });
    }
    const byEvents = (a: { events: number }, b: { events: number }) => b.events - a.events;
    return {
      rules: rules.sort((a, b) => byEvents(a, b) || (a.rule < b.rule ? -1 : 1)),
      inexpressible: inexpressible.sort(byEvents),
      leftOut: this.#leftOut,
    };
  }

  #addInexpressible({ part, reason }: Inexpressible, event: RequestedEvent): void {
    const key = inexpressibleKey(part, reason, event);
    const known = this.#inexpressible.get(key);
    if (known !== undefined) known.events += 1;
    else if (this.#hasRoom(key, event))
      this.#inexpressible.set(key, { part, reason, events: 1, example: copyOf(event) });
  }

  #hasRoom(
    key: string,
    { http_method = '', http_url = '' }: RequestedEvent,
    path: readonly string[] = [],
  ): boolean {
    const characters = key.length + http_method.length + http_url.length + SEGMENT_COST * path.length;
    const groups = this.#groups.size + this.#inexpressible.size;
    const hasRoom = groups < MAX_GROUPS && this.#characters + characters <= MAX_CHARACTERS;
    if (hasRoom) this.#characters += characters;
    else this.#leftOut += 1;
    return hasRoom;
  }
}

/** A group whose identifiers become `*` as soon as there are two of them. */
class Growing {
  #events = 1;
  readonly #pattern: RequestPattern;
  readonly #path: string[] | undefined;
  readonly #example: RequestedEvent;

  constructor(pattern: RequestPattern, example: RequestedEvent) {
    this.#pattern = pattern;
    this.#path = pattern.path === undefined ? undefined : [...pattern.path];
    this.#example = example;
  }

  add({ path = [] }: RequestPattern): void {
    this.#events += 1;
    for (const [i, segment] of path.entries()) {
      if (this.#path !== undefined && this.#path[i] !== segment) this.#path[i] = '*';
    }
  }

  get grown(): Group {
    return { ...this.#pattern, path: this.#path, events: this.#events, example: this.#example };
  }
}

/** The key of a request's group. No part of a pattern contains the separators. */
function keyOf({ method = '', domain, path }: RequestPattern): string {
  if (path === undefined) return `${method} ${domain}`;
  const last = path.length - 1;
  const shape = path.map((segment, i) => {
    const kind = i === last ? undefined : identifierKind(segment);
    return kind === undefined ? segment : `,${kind}`;
  });
  return `${method} ${domain} /${shape.join('/')}`;
}

/** Events are listed together if the same reason applies to the same part of them. */
function inexpressibleKey(part: Inexpressible['part'], reason: string, event: RequestedEvent): string {
  const { http_method = '', http_url = '' } = event;
  const path = part === 'path' ? parseUrl(http_url)?.path : '';
  const method = part === 'path' || part === 'method' ? http_method : '';
  return [reason, hostText(http_url), path, method].join('\n');
}

/** Copies the texts, because a substring keeps the whole text in memory. */
function copyOf({ http_method, http_url }: RequestedEvent): RequestedEvent {
  return {
    ...(http_method !== undefined && { http_method: ownText(http_method) }),
    ...(http_url !== undefined && { http_url: ownText(http_url) }),
  };
}
