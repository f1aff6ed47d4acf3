import { type ParsedUrl, parseUrl } from './go-url.js';
import type { Rule } from './read-rule.js';

/** Whether boundary would allow a request with this rule alone. */
export function matches(rule: Rule, method: string, url: string): boolean {
  const parsed = parseUrl(url);
  return parsed !== undefined && matchesParsed(rule, method, parsed);
}

/** Like {@link matches}, for a URL that was already parsed. */
export function matchesParsed({ methods, domain, paths }: Rule, method: string, url: ParsedUrl): boolean {
  if (methods !== undefined && !methods.some((one) => one === method || one === '*')) return false;
  if (domain !== undefined && !matchesDomain(domain, url.hostname.split('.'))) return false;
  if (paths === undefined) return true;
  const segments = segmentsOf(url.path);
  return paths.some((path) => matchesPath(path, segments));
}

/** The segments of a decoded path. The path `/` has one, which is empty; an empty path has none. */
export function segmentsOf(path: string): string[] {
  const segments = path.split('/');
  return segments[0] === '' ? segments.slice(1) : segments;
}

function matchesDomain(pattern: readonly string[], labels: readonly string[]): boolean {
  const more = labels.length - pattern.length;
  if (more < 0 || (more > 0 && pattern[0] !== '*')) return false;
  return pattern.every((label, i) => label === '*' || label === labels[more + i]);
}

function matchesPath(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length > segments.length) return false;
  if (segments.length > pattern.length && pattern.length > 0 && pattern.at(-1) !== '*') return false;
  return pattern.every((segment, i) => segment === '*' || segment === segments[i]);
}
