/** The part of proxy-from-env that is used here. The package has no types. */
declare module 'proxy-from-env' {
  /** The proxy for a URL according to HTTPS_PROXY and the like, or '' if there is none. */
  export function getProxyForUrl(url: string): string;
}
