import { ruleFor } from '../../rules/rule-for.js';
import type { PageEvent } from './page-event.js';

/** How much of the request a rule names. */
export type RuleLevel = 'domain' | 'method' | 'path';

/** A rule that would allow an event, as an argument of boundary; or why there is none. */
export type Suggestion =
  | { readonly flag: string; readonly alsoAllows: readonly string[] }
  | { readonly reason: string };

/** The rule of a level for an event. It allows no other domain. */
export function suggestionFor({ method, url }: PageEvent, by: RuleLevel): Suggestion {
  const found = ruleFor({ http_method: method, http_url: url }, by);
  if ('reason' in found) return found;
  return { flag: flagFor(found.rule), alsoAllows: found.alsoAllows };
}

/** A rule as an argument for a shell. In double quotes, some characters would mean something else. */
export function flagFor(rule: string): string {
  if (/^[\w=.*/, :~@%+-]*$/.test(rule)) return `--allow "${rule}"`;
  return `--allow '${rule.replaceAll("'", "'\\''")}'`;
}
