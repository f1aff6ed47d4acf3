/** Whether Go accepts a text as an IPv6 address, perhaps with a zone such as `%eth0`. */
export function isIpv6(text: string): boolean {
  const [address = '', ...zones] = text.split('%');
  if (zones.length > 0 && text.length === address.length + 1) return false;
  const [left = '', right, ...more] = address.split('::');
  if (more.length > 0) return false;
  const before = groupsIn(left, right === undefined);
  const after = groupsIn(right ?? '', true);
  if (before === undefined || after === undefined) return false;
  const groups = before + after;
  return right === undefined ? groups === 8 : groups < 8;
}

/** How many groups a part of an address has; undefined if it is not valid. Only the last part may end as IPv4 does. */
function groupsIn(part: string, isLast: boolean): number | undefined {
  if (part === '') return 0;
  const groups = part.split(':');
  const last = isLast && part.includes('.') ? (groups.pop() as string) : undefined;
  if (!groups.every((group) => /^[\da-fA-F]{1,4}$/.test(group))) return undefined;
  if (last === undefined) return groups.length;
  return isIpv4(last) ? groups.length + 2 : undefined;
}

function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return (
    octets.length === 4 && octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)
  );
}
