import { expect, test } from '@jest/globals';
import { passing } from '../../../../lib/connection/failure.js';
import { TokenRefusal } from '../../../../lib/reporters/coder/failures.js';
import { TokenPatience } from '../../../../lib/reporters/coder/token-patience.js';

const MINUTE = 60_000;
const REFUSED = new TokenRefusal('not this one');
const OTHER = passing('ERR_CONNECT_FAILED', 'not now');

type Step = [minutes: number, what: Error | 'accepted', isLasting?: boolean];

test.each<[what: string, steps: Step[]]>([
  [
    'from the start',
    [
      [0, REFUSED, false],
      [4.9, REFUSED, false],
      [5, REFUSED, true],
      [60, REFUSED, true],
    ],
  ],
  [
    'late',
    [
      [100, REFUSED, false],
      [104, REFUSED, false],
      [105, REFUSED, true],
    ],
  ],
  [
    'with other failures between',
    [
      [0, REFUSED, false],
      [2, OTHER],
      [5, REFUSED, true],
      [6, OTHER],
      [7, REFUSED, true],
    ],
  ],
  [
    'again after a success',
    [
      [0, REFUSED, false],
      [6, REFUSED, true],
      [8, 'accepted'],
      [9, REFUSED, false],
      [14, REFUSED, true],
    ],
  ],
])('a token that is refused %s', (_what, steps) => {
  const patience = new TokenPatience();
  for (const [minutes, what, isLasting] of steps) {
    if (what === 'accepted') {
      patience.accepted();
      continue;
    }
    const error = patience.judge(what, minutes * MINUTE);
    if (isLasting !== true) expect(error).toBe(what);
    else expect(error).toMatchObject({ code: 'ERR_CODER_REFUSED', retryAfterMs: 120_000 });
  }
});
