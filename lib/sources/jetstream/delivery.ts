/** What the reply subject of a message says about its delivery. */
export interface DeliveryInfo {
  /** How many times the message was delivered so far: 1 for the first time. */
  readonly deliveries: number;
  /**
   * Names the message. A stream that was deleted and made again begins with the same numbers, so the time at which the
   * message was stored is a part of it.
   */
  readonly key: string;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>`, in which
 * newer servers have a domain and an account before the stream, and possibly more at the end.
 *
 * @returns undefined if it is something else.
 */
export function deliveryInfo(reply: string | undefined): DeliveryInfo | undefined {
  const tokens = reply?.split('.') ?? [];
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  const first = tokens.length < 11 ? 4 : 6;
  const [deliveries, sequence, , time] = tokens.slice(first);
  const count = Number(deliveries);
  if (!Number.isSafeInteger(count) || count < 1) return undefined;
  return { deliveries: count, key: `${sequence}.${time}` };
}
