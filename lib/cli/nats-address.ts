import { BoundaryLogError } from '../errors.js';
import { isNatsUrl } from '../nats/servers.js';

/** The message about an address of NATS that is not acceptable. It does not contain the address, which may have a password. */
export function refusedUrl(option: string, expected: string): BoundaryLogError {
  const message = `${option}: got an address of NATS that is not shown here, expected ${expected}`;
  return new BoundaryLogError('ERR_INVALID_OPTION', message);
}

/**
 * Several hosts of one address, which a list in a variable or in the file has separated at their commas, together again.
 */
export function joinedHosts(texts: readonly string[], isOther: (text: string) => boolean): readonly string[] {
  const joined: string[] = [];
  for (const text of texts) {
    const before = joined.at(-1);
    if (before !== undefined && isNatsUrl(before) && !isNatsUrl(text) && !isOther(text)) {
      joined[joined.length - 1] = `${before},${text}`;
    } else {
      joined.push(text);
    }
  }
  return joined;
}
