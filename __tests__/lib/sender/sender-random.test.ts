import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import {
  BoundaryLogSender,
  type BoundaryLogSenderOptions,
  eventsOf,
  type SenderAccounts,
  type SenderDropReason,
} from '../../../lib/index.js';
import { random } from '../../helpers/cuts.js';
import { ScriptedReceiver } from '../../helpers/scripted-receiver.js';
import { seed } from '../../helpers/seed.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const RUNS = 12;
const STEPS = 40;
const nextPath = tempPaths();

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

/** What a run gives to a sender, and what must become of it. */
class Given {
  written = 0;
  truncated = 0;
  repaired = 0;
  readonly dropped: Record<SenderDropReason, number> = {
    channel_full: 0,
    batch_full: 0,
    too_large: 0,
    invalid: 0,
  };
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
  }

  /** An event with its number in the run, or something that is not an event. */
  value(): unknown {
    const number = this.written++;
    const choice = this.#next();
    const event = { decision: 'deny', sequence_number: number, http_url: `https://example.com/${number}` };
    if (choice < 0.05) return { ...event, decision: 'perhaps' };
    if (choice < 0.1) return { ...event, session_id: 's'.repeat(33_000) };
    if (choice < 0.15) {
      this.truncated += 1;
      return { ...event, http_url: 'u'.repeat(40_000) };
    }
    if (choice < 0.2) {
      this.repaired += 1;
      return { ...event, matched_rule: '\udc00' };
    }
    if (choice < 0.3) return { ...event, session_id: `session-${Math.floor(this.#next() * 3)}` };
    return choice < 0.6 ? { ...event, matched_rule: 'r'.repeat(20_000) } : event;
  }
}

/** The accounts add up at every moment, and agree with what was given to the sender and with its `drop` events. */
function check(accounts: SenderAccounts, given: Given): void {
  const { written, sent, dropped, left } = accounts;
  // One comparison, because there are thousands of moments.
  expect({ written, sum: sent + sum(dropped) + left, least: Math.min(sent, left, 0), dropped }).toEqual({
    written: given.written,
    sum: given.written,
    least: 0,
    dropped: given.dropped,
  });
}

/** What the receiver does next. Only `cut` loses what the sender has sent. */
const ACTIONS = ['listen', 'listen', 'stall', 'resume', 'resume', 'refuse', 'disappear', 'cut'] as const;

async function run(n: number): Promise<void> {
  const next = random(seed + n);
  const upTo = (limit: number) => Math.floor(next() * limit);
  const receiver = new ScriptedReceiver(nextPath());
  const options: BoundaryLogSenderOptions = {
    batchSize: 1 + upTo(12),
    batchDelayMs: upTo(3),
    overflow: next() < 0.5 ? 'block' : 'drop',
    maxDelayMs: 1 + upTo(4),
    writeTimeoutMs: next() < 0.5 ? 5 + upTo(20) : Number.POSITIVE_INFINITY,
    // The deadline of the test is enough.
    closeTimeoutMs: Number.POSITIVE_INFINITY,
  };
  const sender = new BoundaryLogSender({ socketPath: receiver.path, ...options });
  const given = new Given(next);
  sender.on('drop', (_event, _error, reason: SenderDropReason) => {
    given.dropped[reason] += 1;
  });
  let hasCut = false;
  try {
    for (let step = 0; step < STEPS; step++) {
      if (next() < 0.7) {
        for (let i = upTo(20); i >= 0; i--) {
          sender.write(given.value() as never);
          check(sender.accounts(), given);
        }
      } else {
        const action = ACTIONS[upTo(ACTIONS.length)] as (typeof ACTIONS)[number];
        hasCut ||= action === 'cut' && receiver.connections.some(({ socket }) => !socket.destroyed);
        await receiver[action]();
      }
      for (let turns = upTo(4); turns > 0; turns--) await turn();
      check(sender.accounts(), given);
    }

    const end = next();
    if (end < 0.2) {
      sender.destroy();
      await once(sender, 'close');
    } else {
      receiver.resume();
      await receiver.listen();
      sender.end();
      await once(sender, 'finish');
      expect(sender.accounts().left).toBe(0);
    }
    receiver.resume();
    await until('all is read', () =>
      receiver.connections.every(({ socket, isComplete }) => isComplete || socket.destroyed),
    );
  } finally {
    sender.destroy();
    receiver.close();
  }

  const accounts = sender.accounts();
  check(accounts, given);
  // Those that are in the buffer of a destroyed stream are not encoded any more.
  if (accounts.left === 0) {
    expect(accounts).toMatchObject({ truncated: given.truncated, repaired: given.repaired });
  }
  const numbers = receiver.batches.flatMap((batch) =>
    eventsOf(batch).map((event) => event.sequence_number as number),
  );
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const { outcomes } of receiver.connections) {
    const inOrder = outcomes.flatMap((outcome) =>
      outcome.kind === 'logs' ? eventsOf(outcome).map((event) => event.sequence_number as number) : [],
    );
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    // A frame that was given up may be there in part, as the last one.
    expect(outcomes.slice(0, -1).filter(({ kind }) => kind === 'skip' || kind === 'close')).toEqual([]);
  }
  const reported = { channel_full: 0, others: 0 };
  for (const report of receiver.reports) {
    reported.channel_full += Number(report.droppedChannelFull);
    reported.others += Number(report.droppedBatchFull);
  }
  const { channel_full, ...others } = accounts.dropped;
  expect(reported.channel_full).toBeLessThanOrEqual(channel_full);
  expect(reported.others).toBeLessThanOrEqual(sum(others));
  if (hasCut) expect(numbers.length).toBeLessThanOrEqual(accounts.sent);
  else expect(numbers.length).toBe(accounts.sent);
}

test(`whatever the receiver does, the accounts add up, and each sent event arrives once (seed ${seed})`, async () => {
  for (let n = 0; n < RUNS; n++) {
    try {
      await run(n);
    } catch (error) {
      throw new Error(`run ${n} of seed ${seed} failed`, { cause: error });
    }
  }
});
