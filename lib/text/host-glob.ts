import { domainToUnicode } from 'node:url';
import { parsedUrl } from '../parsed-url.js';

const DEFAULT_PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' };

/**
 * Matches the host of a URL against a pattern in which `*` stands for any text, also for dots. Case does not count. The
 * pattern may name a port. The time is proportional to the length of the host, because agents choose their URLs.
 *
 * @returns whether a URL, or an authority such as `example.com:443`, has such a host.
 */
export function hostMatcher(glob: string): (url: string) => boolean {
  const pieces = normalized(glob).split('*');
  return (url) => namesOf(url).some((name) => matches(pieces, name));
}

/** The forms in which somebody may write the host of a URL. */
function namesOf(url: string): string[] {
  const [, scheme, authority = ''] = /^([^/?#]*\/\/)?([^/?#]*)/.exec(url) ?? [];
  const parsed = parse(url) ?? (scheme === undefined ? parse(`http://${url}`) : undefined);
  if (parsed === undefined) return [normalized(authority)];
  const { hostname, protocol, port } = parsed;
  const names = [hostname, domainToUnicode(hostname)].map(normalized);
  return [...names, ...names.map((name) => `${name}:${port || DEFAULT_PORTS[protocol]}`)];
}

function parse(url: string): URL | undefined {
  const parsed = parsedUrl(url);
  return parsed?.hostname === '' ? undefined : parsed;
}

/** In lower case, without the brackets of IPv6 and the dot at the end of a complete name. */
function normalized(host: string): string {
  return host
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[[\]]|\.$/g, '');
}

/** Whether a text consists of pieces with any text between them. */
function matches(pieces: readonly string[], text: string): boolean {
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return text === first;
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  let position = first.length;
  for (const piece of others) {
    const found = text.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return position <= end;
}
