/** What is used of proxy-from-env, which comes without types. */
declare module 'proxy-from-env' {
  /** The proxy that HTTPS_PROXY and its like tell for this URL, or '' for none. */
  export function getProxyForUrl(url: string): string;
}
