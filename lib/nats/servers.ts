import type { OptionCheck } from '../options.js';
import { parsedUrl } from '../parsed-url.js';

const DEFAULT_PORT = '4222';

/** Where NATS is. */
export interface Servers {
  /** Whether only a connection with TLS is good enough. */
  readonly tls: boolean;
  /** Each as `host:port`, in the order in which they were given. */
  readonly hosts: readonly string[];
}

/** One or more servers of a cluster, as text or list. Never with a user or a password, which others could see. */
export const SERVERS: OptionCheck = {
  expected:
    'nats://HOST:PORT, or tls://HOST:PORT for TLS; several hosts are separated by commas; without user and password, which belong into a file or the environment',
  accepts: (value) => parseServers(value) !== undefined,
};

/** @returns undefined if it is not acceptable. */
export function parseServers(value: unknown): Servers | undefined {
  const items = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(items) || items.length === 0) return undefined;
  const hosts: string[] = [];
  let scheme: string | undefined;
  for (const item of items) {
    if (typeof item !== 'string') return undefined;
    const [, given = scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.+)$/i.exec(item.trim()) ?? [];
    scheme ??= given?.toLowerCase();
    if (given === undefined || given.toLowerCase() !== scheme) return undefined;
    const host = hostOf(rest);
    if (host === undefined) return undefined;
    hosts.push(host);
  }
  return scheme === 'nats' || scheme === 'tls' ? { tls: scheme === 'tls', hosts } : undefined;
}

function hostOf(text: string): string | undefined {
  if (!/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/.test(text)) return undefined;
  // Of this scheme, a URL has no default port that it would leave out.
  const url = parsedUrl(`nats://${text}`);
  return url && url.port !== '0' ? `${url.hostname}:${url.port || DEFAULT_PORT}` : undefined;
}

/** Whether a text is meant as the address of NATS. */
export function isNatsUrl(text: string): boolean {
  return /^(nats|tls):/i.test(text);
}

/** Whether two addresses of NATS have a host in common. */
export function sharesHost(one: string, other: string): boolean {
  const hosts = parseServers(other)?.hosts ?? [];
  return isNatsUrl(one) && (parseServers(one)?.hosts ?? []).some((host) => hosts.includes(host));
}
