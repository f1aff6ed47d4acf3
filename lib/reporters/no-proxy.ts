import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/**
 * Whether a host is reached without an HTTP proxy. The rules are those of Go's `golang.org/x/net/http/httpproxy`, which
 * the workspace agent uses, so that both take the same route:
 *
 * | entry of `NO_PROXY` | excludes |
 * |---|---|
 * | `*` | every host |
 * | `example.com` | this host, and every host below it |
 * | `.example.com`, `*.example.com` | only hosts below it |
 * | `10.1.2.3`, `2001:db8::1` | this address |
 * | `10.0.0.0/8`, `2001:db8::/32` | the addresses of this network |
 * | `example.com:8443`, `10.1.2.3:80`, `[2001:db8::1]:443` | the same, but only with this port |
 *
 * Entries are separated by commas. Upper and lower case, and spaces around an entry, make no difference. An entry that is
 * none of these excludes nothing. `localhost` and loopback addresses never use a proxy.
 *
 * @param host In lower case, in ASCII, and without the brackets of an IPv6 address.
 * @param port In decimal digits.
 */
export function avoidsProxy(host: string, port: string, noProxy: string): boolean {
  const ip = ipBytes(host);
  if (host === 'localhost' || (ip !== undefined && isLoopback(ip))) return true;
  return noProxy.split(',').some((part) => {
    const entry = part.trim().toLowerCase();
    return entry === '*' || (entry !== '' && excludes(entry, host, port, ip));
  });
}

function excludes(entry: string, host: string, port: string, ip: IpBytes | undefined): boolean {
  const network = networkOf(entry);
  if (network !== undefined) return ip !== undefined && isInside(ip, network);
  const { name, port: onlyPort } = nameAndPort(entry);
  if (name === '' || (onlyPort !== '' && onlyPort !== port)) return false;
  const address = ipBytes(name);
  if (address !== undefined) return ip?.every((byte, i) => byte === address[i]) ?? false;
  return ip === undefined && isHostOf(name, host);
}

function isHostOf(name: string, host: string): boolean {
  const pattern = name.startsWith('*.') ? name.slice(1) : name;
  const isOnlyBelow = pattern.startsWith('.');
  const domain = asciiOf(isOnlyBelow ? pattern.slice(1) : pattern);
  return host.endsWith(`.${domain}`) || (!isOnlyBelow && host === domain);
}

function asciiOf(name: string): string {
  if (/^[\0-\x7f]*$/.test(name)) return name;
  // A name that cannot be converted stays as it is, and matches nothing.
  return domainToASCII(name) || name;
}

/** Splits at the port, as Go's `net.SplitHostPort` does. What it cannot split is a name without a port. */
function nameAndPort(entry: string): { name: string; port: string } {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(entry);
  if (match === null) return { name: entry, port: '' };
  return { name: match[1] ?? match[2] ?? '', port: match[3] ?? '' };
}

/** 16 bytes. An IPv4 address has the form `::ffff:a.b.c.d`, so that both forms of it are equal. */
type IpBytes = readonly number[];

const MAPPED_IPV4: IpBytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const MAPPED_BITS = 8 * MAPPED_IPV4.length;

function ipBytes(text: string): IpBytes | undefined {
  if (isIPv4(text)) return [...MAPPED_IPV4, ...text.split('.').map(Number)];
  // Node accepts a zone after the address, and a URL does not.
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // The URL parser also writes a dotted end as two groups.
  const [before, after] = new URL(`http://[${text}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))));
  const groups = before ?? [];
  if (after !== undefined) groups.push(...Array(8 - groups.length - after.length).fill(0), ...after);
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}

function isIpv4(ip: IpBytes): boolean {
  return MAPPED_IPV4.every((byte, i) => byte === ip[i]);
}

function isLoopback(ip: IpBytes): boolean {
  if (isIpv4(ip)) return ip[MAPPED_IPV4.length] === 127;
  return ip.every((byte, i) => byte === (i === 15 ? 1 : 0));
}

interface Network {
  readonly address: IpBytes;
  /** How many bits of the address all members share. */
  readonly bits: number;
}

function networkOf(entry: string): Network | undefined {
  const [, text = '', digits = ''] = /^([^/]*)\/(\d+)$/.exec(entry) ?? [];
  const address = ipBytes(text);
  const offset = isIPv4(text) ? MAPPED_BITS : 0;
  const bits = Number(digits) + offset;
  return address === undefined || bits > 128 ? undefined : { address, bits };
}

function isInside(ip: IpBytes, { address, bits }: Network): boolean {
  // In Go, a network of IPv6 addresses such as `::/0` contains no IPv4 address.
  if (isIpv4(ip) && bits < MAPPED_BITS) return false;
  return ip.every((byte, i) => {
    const shared = Math.min(Math.max(bits - 8 * i, 0), 8);
    return (byte ^ (address[i] ?? 0)) >> (8 - shared) === 0;
  });
}
