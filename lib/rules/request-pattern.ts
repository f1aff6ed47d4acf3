import type { BoundaryEvent } from '../text/event.js';
import { parseUrl } from './go-url.js';
import type { Level } from './level.js';
import { segmentsOf } from './match.js';

/** The part of an event that rules compare. */
export type RequestedEvent = Pick<BoundaryEvent, 'http_method' | 'http_url'>;

/** The narrowest rule for a request that the grammar can express. */
export interface RequestPattern {
  /** Undefined if the rule allows every method. */
  readonly method: string | undefined;
  readonly domain: string;
  /** The segments of its path; undefined if the rule allows every path. */
  readonly path: readonly string[] | undefined;
}

/** Why no rule of a level can allow a request without allowing other domains. */
export interface Inexpressible {
  /** The part of the request that no rule can name. */
  readonly part: 'url' | 'method' | 'domain' | 'path';
  /** Why, for a person. */
  readonly reason: string;
}

const METHOD = /^[\w!#$%&'*+.^`|~-]+$/;
const LABEL = /^[a-zA-Z\d](?:[a-zA-Z\d-]*[a-zA-Z\d])?$/;
const SEGMENT = /^(?:[\w.~!$&'()*+;=:@-]|%[\da-fA-F]{2})+$/;

/** The pattern of a request, or why there is none. */
export function patternFor(event: RequestedEvent, by: Level): RequestPattern | Inexpressible {
  const { http_method: method = '', http_url: url = '' } = event;
  const parsed = parseUrl(url);
  if (parsed === undefined)
    return { part: 'url', reason: 'boundary cannot parse the URL, so no rule with a condition matches it' };
  const { hostname: domain, path } = parsed;
  const reason = domainFault(domain);
  if (reason !== undefined) return { part: 'domain', reason };
  if (by === 'domain') return { method: undefined, domain, path: undefined };
  if (!METHOD.test(method) || method === '*')
    return { part: 'method', reason: 'the method is not a name that a rule can contain' };
  if (by === 'method') return { method, domain, path: undefined };
  const segments = pathPattern(segmentsOf(path));
  return typeof segments === 'string'
    ? { part: 'path', reason: segments }
    : { method, domain, path: segments };
}

function domainFault(domain: string): string | undefined {
  if (domain === '') return 'the URL has no domain';
  if (domain.includes(':')) return 'a rule cannot contain an IPv6 address';
  if (domain.endsWith('.')) return 'a rule cannot contain a domain that ends with a dot';
  if (!/^[\0-\x7f]*$/.test(domain))
    return 'a rule cannot contain a domain with characters that are not ASCII';
  if (!domain.split('.').every((label) => LABEL.test(label)))
    return 'a rule can contain only domains of letters, digits and hyphens';
  return undefined;
}

/** @returns a reason if no rule can name the path; undefined if only a rule for every path allows it. */
function pathPattern(segments: readonly string[]): string[] | undefined | string {
  const last = segments.at(-1);
  if (last === undefined || (last === '' && segments.length === 1)) return undefined;
  const named = last === '' ? segments.slice(0, -1) : segments;
  for (const segment of named) {
    if (segment === '') return 'a rule cannot contain an empty segment of a path (//)';
    if (segment.startsWith('*'))
      return 'a rule cannot contain a segment of a path that begins with *, except as a wildcard';
    if (segment.includes(',')) return 'a rule cannot contain a comma in a path';
    if (!SEGMENT.test(segment))
      return 'a rule cannot contain a character of the path: boundary compares paths after decoding them';
  }
  return last === '' ? [...named, '*'] : [...named];
}

/** The text of a rule. */
export function ruleText(
  methods: readonly string[] | undefined,
  domain: string,
  paths: readonly string[],
): string {
  return [
    ...(methods === undefined ? [] : [`method=${methods.join(',')}`]),
    `domain=${domain}`,
    ...(paths.length === 0 ? [] : [`path=${paths.join(',')}`]),
  ].join(' ');
}

export function pathText(segments: readonly string[]): string {
  return `/${segments.join('/')}`;
}

/** What a rule with this path allows besides the requests that it was made for. */
export function alsoAllowed(path: readonly string[] | undefined, by: Level): string[] {
  if (by === 'domain') return ['every method and every path of the domain'];
  if (by === 'method') return ['every path of the domain'];
  if (path === undefined) return ['every path of the domain, because no rule can name / alone'];
  const text = pathText(path);
  const inside = path.slice(0, -1).includes('*');
  return [
    ...(inside ? [`any segment in place of each * in ${text}`] : []),
    ...(path.at(-1) === '*'
      ? [`everything below ${text.slice(0, -1)}, because no rule can name ${text.slice(0, -1)} alone`]
      : []),
  ];
}
