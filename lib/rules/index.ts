/**
 * boundary's allow rules: what they match, and which rules would have allowed an event. It uses nothing of Node, so it
 * also runs in a browser.
 *
 * ```ts
 * import { matchesRule, parseRule, ruleFor, suggestRules } from 'boundary-log-proxy/rules';
 *
 * const denied = { http_method: 'GET', http_url: 'https://api.example.com/v1/items' };
 * console.log(ruleFor(denied)); // { rule: 'method=GET domain=api.example.com path=/v1/items', alsoAllows: [] }
 * console.log(matchesRule(parseRule('domain=*.example.com'), denied)); // true
 * ```
 *
 * @module boundary-log-proxy/rules
 */

import { checkArgument } from '../../codec/argument.js';
import type { Level } from './level.js';
import { matches } from './match.js';
import { type Rule, readRule } from './read-rule.js';
import type { RequestedEvent } from './request-pattern.js';
import { checkEvent, checkLevel } from './rule-for.js';
import { RuleSuggester, type Suggestions } from './suggester.js';

export type { Level } from './level.js';
export type { Rule } from './read-rule.js';
export type { Inexpressible, RequestedEvent } from './request-pattern.js';
export { type FittingRule, ruleFor } from './rule-for.js';
export {
  type InexpressibleEvents,
  RuleSuggester,
  type SuggestedRule,
  type Suggestions,
} from './suggester.js';

/**
 * Parses a rule such as `method=GET,HEAD domain=*.example.com path=/api/*`.
 *
 * @throws ERR_INVALID_OPTION if boundary would not accept it. The message says where, and what to do.
 */
export function parseRule(text: string): Rule {
  checkArgument('parseRule: text', text, typeof text === 'string', 'the text of a rule');
  const rule = readRule(text);
  const { position = 0, message = '' } = 'position' in rule ? rule : {};
  const expected = `a rule of boundary. At character ${position + 1}: ${message}`;
  checkArgument('parseRule: text', text, !('position' in rule), expected);
  return rule as Rule;
}

/**
 * Whether boundary would allow an event's request with this rule alone.
 *
 * @throws ERR_INVALID_OPTION if an argument is not valid.
 */
export function matchesRule(rule: Rule, event: RequestedEvent): boolean {
  const isRule = typeof rule === 'object' && rule !== null && typeof rule.text === 'string';
  checkArgument('matchesRule: rule', rule, isRule, 'what parseRule() returns');
  checkEvent('matchesRule', event);
  const { http_method = '', http_url = '' } = event;
  return matches(rule, http_method, http_url);
}

/**
 * Suggests the smallest readable set of rules that would allow all events, whatever their decisions. No rule allows
 * another domain than those of its events. Events that no such rule can allow are listed with the reason.
 *
 * @param by What each rule names: `domain`, `method` (and the domain), or `path` (and both). Default:
 *   `path`. A number, a UUID or a hash in the middle of a path becomes `*` if there are several different ones. The last
 *   segment stays.
 * @throws ERR_INVALID_OPTION if an argument is not valid.
 */
export function suggestRules(events: Iterable<RequestedEvent>, by: Level = 'path'): Suggestions {
  checkLevel('suggestRules', by);
  const isIterable = typeof (events as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] === 'function';
  checkArgument(
    'suggestRules: events',
    events,
    isIterable && typeof events !== 'string',
    'an iterable of events',
  );
  const suggester = new RuleSuggester(by);
  for (const event of events) suggester.add(event);
  return suggester.suggestions();
}
