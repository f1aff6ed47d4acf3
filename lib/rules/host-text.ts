import { parseUrl } from './go-url.js';

/** The host of a URL: what rules compare, or if the URL is not valid, what a person would call its host. */
export function hostText(url: string): string {
  return parseUrl(url)?.hostname ?? /^(?:[^/?#]*:\/\/)?(?:[^/?#]*@)?([^/?#]*)/.exec(url)?.[1] ?? '';
}
