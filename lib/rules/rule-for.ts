import { checkArgument, isRecord } from '../../codec/argument.js';
import { LEVELS, type Level } from './level.js';
import { matches } from './match.js';
import { readRule } from './read-rule.js';
import {
  alsoAllowed,
  type Inexpressible,
  pathText,
  patternFor,
  type RequestedEvent,
  ruleText,
} from './request-pattern.js';

/** A rule that would allow an event. */
export interface FittingRule {
  /** The text of the rule. */
  readonly rule: string;
  /** What else it allows, in words, besides other ports, schemes, queries and users of the URL. */
  readonly alsoAllows: readonly string[];
}

/**
 * Returns the narrowest rule that would allow an event, or why no rule allows it without allowing other domains.
 *
 * @param by What the rule names: `domain`, `method` (and the domain), or `path` (and both). Default: `path`.
 * @throws ERR_INVALID_OPTION if an argument is not valid.
 */
export function ruleFor(event: RequestedEvent, by: Level = 'path'): FittingRule | Inexpressible {
  checkEvent('ruleFor', event);
  checkLevel('ruleFor', by);
  const pattern = patternFor(event, by);
  if ('reason' in pattern) return pattern;
  const { method, domain, path } = pattern;
  const rule = ruleText(
    method === undefined ? undefined : [method],
    domain,
    path === undefined ? [] : [pathText(path)],
  );
  return allowing(rule)(event) ? { rule, alsoAllows: alsoAllowed(path, by) } : UNVERIFIED;
}

/** The reason if a suggested rule does not match its own request, which is a bug. Nobody must copy such a rule. */
export const UNVERIFIED: Inexpressible = {
  part: 'url',
  reason: 'no rule was found that matches the request',
};

/** Returns a function that says whether a rule allows an event. A text that is not a rule allows none. */
export function allowing(text: string): (event: RequestedEvent) => boolean {
  const rule = readRule(text);
  if ('position' in rule) return () => false;
  return ({ http_method = '', http_url = '' }) => matches(rule, http_method, http_url);
}

export function checkLevel(owner: string, by: unknown): void {
  checkArgument(`${owner}: by`, by, LEVELS.includes(by as Level), `one of ${LEVELS.join(', ')}`);
}

export function checkEvent(owner: string, event: unknown): void {
  checkArgument(
    `${owner}: event`,
    event,
    isEvent(event),
    'an event, whose http_method and http_url are texts',
  );
}

function isEvent(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { http_method = '', http_url = '' } = value;
  return typeof http_method === 'string' && typeof http_url === 'string';
}
