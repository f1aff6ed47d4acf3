import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine can reach an address. Also true for IPv4 in the form `::ffff:127.0.0.1`. */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** A host, in brackets if it is an IPv6 address, and perhaps a port. */
const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/;

/**
 * Whether a `Host` header, with any port, names this machine: `localhost`, a loopback address, or one of `allowed`.
 *
 * A web page whose own name an attacker lets resolve to 127.0.0.1 (DNS rebinding) can read what a server on this
 * machine answers. The browser then sends that name, which is not among these.
 *
 * @param allowed In lower case, without brackets and ports.
 */
export function isAllowedHost(header: string, allowed: readonly string[]): boolean {
  const [, bracketed, name] = HOST.exec(header.toLowerCase()) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || (bracketed === undefined) !== (isIP(host) !== 6)) return false;
  return host === 'localhost' || isLoopback(host) || allowed.includes(host);
}
