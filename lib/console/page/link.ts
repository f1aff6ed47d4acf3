import { type Filter, fromFragment, toFragment } from './filter.js';

/** Where this tab keeps the token, so that it can be reloaded. */
const TOKEN_KEY = 'token';
const TOKEN = /[\w-]{43}/;

/** The token in the address, or that of this tab. It is removed from the address, and from the history, at once. */
export function readAddress(): { token: string | undefined; filter: Filter } {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  const filter = fromFragment(location.hash);
  writeAddress(filter);
  if (given !== null) sessionStorage.setItem(TOKEN_KEY, given);
  return { token: sessionStorage.getItem(TOKEN_KEY) ?? undefined, filter };
}

/** Keeps the filter in the address, so that a view can be shared. */
export function writeAddress(filter: Filter): void {
  const fragment = toFragment(filter);
  history.replaceState(null, '', fragment === '' ? location.pathname : `#${fragment}`);
}

/** The token in what somebody has pasted: a link, or the token itself. */
export function acceptToken(pasted: string): string | undefined {
  const token = TOKEN.exec(pasted)?.[0];
  if (token !== undefined) sessionStorage.setItem(TOKEN_KEY, token);
  return token;
}
