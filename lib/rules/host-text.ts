import { parseUrl } from './go-url.js';

/** The host of a URL that rules compare. If the URL is not valid, the part that looks like a host. */
export function hostText(url: string): string {
  return parseUrl(url)?.hostname ?? /^(?:[^/?#]*:\/\/)?(?:[^/?#]*@)?([^/?#]*)/.exec(url)?.[1] ?? '';
}
