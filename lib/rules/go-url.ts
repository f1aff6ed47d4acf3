import { isIpv6 } from './ipv6.js';

/** The parts of a URL that boundary's rules compare. */
export interface ParsedUrl {
  /** Without port, and without the brackets of an IPv6 address. */
  readonly hostname: string;
  /**
   * Decoded, without query and fragment. A decoded byte that is not ASCII is one character, from U+0080 on, as rules have
   * only ASCII.
   */
  readonly path: string;
}

/** A percent sign that does not begin an escape. */
const BAD_ESCAPE = /%(?![\da-fA-F]{2})/;
const ESCAPES = /%[\da-fA-F]{2}/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: Go rejects them.
const CONTROL = /[\0-\x1f\x7f]/;
const USER_INFO = /^[\w.:~!$&'()*+,;=%@-]*$/;
/** The characters of a host and of a zone that are ASCII. */
const HOST_CHARACTER = /[\w!"$&'()*+,.:;<=>[\]~-]/;
/** Only characters that are not ASCII may be escaped in a host, and the percent sign. */
const HOST = new RegExp(`^(?:${HOST_CHARACTER.source}|[^\\0-\\x7f]|%25|%[89a-fA-F][\\da-fA-F])*$`);
const PORT = /^(?::\d*)?$/;

/**
 * Parses a URL as boundary does, which is as Go's `net/url` does after boundary has added `https://` to a text without
 * `://`.
 *
 * @returns undefined if Go does not accept it.
 */
export function parseUrl(text: string): ParsedUrl | undefined {
  const url = text.includes('://') ? text : `https://${text}`;
  const hash = url.indexOf('#');
  const fragment = hash < 0 ? '' : url.slice(hash + 1);
  const whole = hash < 0 ? url : url.slice(0, hash);
  if (CONTROL.test(whole) || BAD_ESCAPE.test(fragment)) return undefined;

  const scheme = /^[a-zA-Z][a-zA-Z\d+.-]*(?=:)/.exec(whole)?.[0] ?? '';
  if (scheme === '') return parseRelative(whole);
  const rest = withoutQuery(whole.slice(scheme.length + 1));
  // A URL such as mailto:x has nothing that rules compare.
  if (!rest.startsWith('/')) return { hostname: '', path: '' };
  if (!rest.startsWith('//')) return decoded('', rest);
  return parseAuthority(rest);
}

function parseRelative(whole: string): ParsedUrl | undefined {
  if (whole.startsWith(':')) return undefined;
  const rest = withoutQuery(whole);
  if (rest.startsWith('//') && !rest.startsWith('///')) return parseAuthority(rest);
  const [segment = ''] = rest.split('/', 1);
  return segment.includes(':') ? undefined : decoded('', rest);
}

function withoutQuery(text: string): string {
  const question = text.indexOf('?');
  return question < 0 ? text : text.slice(0, question);
}

/** @param rest From the two slashes on. */
function parseAuthority(rest: string): ParsedUrl | undefined {
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const path = slash < 0 ? '' : rest.slice(slash);
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  if (!USER_INFO.test(user) || BAD_ESCAPE.test(user)) return undefined;
  const hostname = hostnameIn(authority.slice(at + 1));
  return hostname === undefined ? undefined : decoded(hostname, path);
}

function hostnameIn(host: string): string | undefined {
  const open = host.lastIndexOf('[');
  if (open > 0) return undefined;
  if (open === 0) return addressIn(host);
  // Go 1.26 accepts only one colon, unless a module such as boundary's was made for an older release.
  const colon = host.lastIndexOf(':');
  if (colon >= 0 && !PORT.test(host.slice(colon))) return undefined;
  if (!HOST.test(host)) return undefined;
  const whole = unescaped(colon < 0 ? host : host.slice(0, colon));
  return whole.startsWith('[') && whole.endsWith(']') ? whole.slice(1, -1) : whole;
}

/** An address in brackets, without them. */
function addressIn(host: string): string | undefined {
  const close = host.lastIndexOf(']');
  if (close < 0 || !PORT.test(host.slice(close + 1))) return undefined;
  const inside = host.slice(1, close);
  const percent = inside.indexOf('%25');
  const address = percent < 0 ? inside : inside.slice(0, percent);
  const zone = percent < 0 ? '' : inside.slice(percent);
  if (!HOST.test(address) || !isZone(zone)) return undefined;
  const whole = unescaped(address) + unescaped(zone);
  return isIpv6(whole) ? whole : undefined;
}

/** A zone may also contain spaces, and escapes of what it may contain unescaped. */
function isZone(text: string): boolean {
  const escapes = text.match(ESCAPES) ?? [];
  const areValid = escapes.every((sequence) => {
    const character = unescaped(sequence);
    return character === '%' || character === ' ' || HOST_CHARACTER.test(character);
  });
  return areValid && HOST.test(text.replace(ESCAPES, ''));
}

function decoded(hostname: string, path: string): ParsedUrl | undefined {
  return BAD_ESCAPE.test(path) ? undefined : { hostname, path: unescaped(path) };
}

function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(ESCAPES, (sequence) => String.fromCharCode(Number.parseInt(sequence.slice(1), 16)));
}
