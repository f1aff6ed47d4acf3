import { expect } from '@jest/globals';
import { type Accounts, DROP_REASONS } from '../../lib/index.js';

/** `received + redelivered = forwarded + Σ dropped + returned + buffered + inFlight`, in batches and in logs. */
export function assertBalanced(accounts: Accounts): void {
  const { received, redelivered, forwarded, dropped, returned, buffered, inFlight } = accounts;
  for (const unit of ['batches', 'logs'] as const) {
    const accounted =
      forwarded[unit] +
      DROP_REASONS.reduce((sum, reason) => sum + dropped[reason][unit], 0) +
      returned[unit] +
      buffered[unit] +
      inFlight[unit];
    expect({ [unit]: accounted }).toEqual({ [unit]: received[unit] + redelivered[unit] });
  }
}
