/**
 * Why a frame was rejected. A closed list: the codec's error codes, and the last three, which are not errors of a frame's
 * bytes: `unknown_variant`, `implausible_status` for a status report whose counts are too large to be true, and
 * `frame_timeout` for a frame that was not complete in time.
 */
export const REJECT_REASONS = [
  'invalid_protobuf',
  'invalid_utf8',
  'invalid_payload',
  'truncated_header',
  'truncated_payload',
  'unsupported_tag',
  'message_too_large',
  'unknown_variant',
  'implausible_status',
  'frame_timeout',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** A count for each reason, all 0. */
export function noRejections(): Record<RejectReason, number> {
  return Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<RejectReason, number>;
}
