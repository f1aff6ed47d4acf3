import { expect } from '@jest/globals';
import { type Accounts, DROP_REASONS } from '../../lib/index.js';

/** `received = forwarded + Σ dropped + buffered + inFlight`, in batches and in logs. */
export function assertBalanced({ received, forwarded, dropped, buffered, inFlight }: Accounts): void {
  for (const unit of ['batches', 'logs'] as const) {
    const accounted =
      forwarded[unit] +
      DROP_REASONS.reduce((sum, reason) => sum + dropped[reason][unit], 0) +
      buffered[unit] +
      inFlight[unit];
    expect({ [unit]: accounted }).toEqual({ [unit]: received[unit] });
  }
}
