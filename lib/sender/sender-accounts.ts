/**
 * Why a {@link BoundaryLogSender} drops an event. The list is closed.
 *
 * | reason | why |
 * |---|---|
 * | `channel_full` | with `overflow: 'drop'`: the queue was full while a batch was being sent |
 * | `batch_full` | with `overflow: 'drop'`: a batch could not be sent, and it was full |
 * | `too_large` | it did not fit into a frame, however short its texts are |
 * | `invalid` | it was not a valid event |
 */
export const SENDER_DROP_REASONS = ['channel_full', 'batch_full', 'too_large', 'invalid'] as const;
/** One of {@link SENDER_DROP_REASONS}. */
export type SenderDropReason = (typeof SENDER_DROP_REASONS)[number];

/**
 * What became of the events that a {@link BoundaryLogSender} was given. It is always true that
 * `written = sent + the sum of dropped + left`.
 */
export interface SenderAccounts {
  /** Events that were given to `write()`, valid or not. */
  readonly written: number;
  /** Events that the operating system has accepted for the receiver. There are no acknowledgements. */
  readonly sent: number;
  /** Events that were dropped, by reason. */
  readonly dropped: Readonly<Record<SenderDropReason, number>>;
  /** Events that are not sent yet. After the sender was destroyed or has failed, these are lost. */
  readonly left: number;
  /** Events, sent or not, of which a text was cut so that they fit into a frame. */
  readonly truncated: number;
  /** Events, sent or not, of which a text was not valid UTF-16 and was repaired. */
  readonly repaired: number;
}
