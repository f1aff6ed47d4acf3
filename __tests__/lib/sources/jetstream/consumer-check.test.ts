import { describe, expect, test } from '@jest/globals';
import type { ConsumerConfig } from '@nats-io/jetstream';
import {
  ackWaitMs,
  consumerWarnings,
  newConsumer,
  unusable,
} from '../../../../lib/sources/jetstream/consumer-check.js';

const SECOND = 1e9;
const GOOD = newConsumer('a') as Partial<ConsumerConfig>;

test('the consumer that is created has no warning', () => {
  expect(consumerWarnings(GOOD, 1000)).toEqual([]);
  expect(unusable(GOOD)).toBeUndefined();
});

describe('an existing consumer', () => {
  test.each<[Partial<ConsumerConfig>, RegExp[]]>([
    [{ ack_policy: 'none' }, [/ack policy none.*is lost$/]],
    [{ ack_policy: 'all' }, [/ack policy all.*is lost/]],
    [{ max_deliver: 5 }, [/after 5 deliveries/]],
    [{ max_deliver: -1 }, []],
    [{ filter_subject: 'boundary.logs.*' }, []],
    [{ filter_subject: '>' }, []],
    [{ filter_subject: 'boundary.>' }, []],
    [{ filter_subject: '*.logs.>' }, []],
    [{ filter_subject: '' }, []],
    [{ filter_subject: 'boundary.logs.abc' }, [/only the subjects boundary.logs.abc: nothing else/]],
    [{ filter_subjects: ['other.>', 'boundary.logs.>'] }, []],
    [{ filter_subjects: ['a', 'b'] }, [/only the subjects a, b/]],
    [{ deliver_policy: 'new' }, [/deliver policy new/]],
    [{ inactive_threshold: 60 * SECOND }, [/for 60 s \(inactive_threshold\)/]],
    [{ mem_storage: true }, [/mem_storage/]],
    [{ max_ack_pending: 1999 }, [/together may hold 1999 messages.*each may hold 1000/]],
    [{ max_ack_pending: 2000 }, []],
    [{ max_ack_pending: -1 }, []],
    [{ ack_wait: 4.9 * SECOND }, [/after 4.9 s without an answer/]],
    [{ ack_wait: 5 * SECOND }, []],
    [{ backoff: [SECOND, 60 * SECOND] }, [/after 1 s without an answer/]],
    [{ ack_policy: 'none', max_deliver: 1 }, [/none/, /1 deliveries/]],
  ])('%j has the warnings %j', (config, warnings) => {
    const given = { ...GOOD, ...config } as Partial<ConsumerConfig>;
    expect(consumerWarnings(given, 1000)).toEqual(warnings.map((text) => expect.stringMatching(text)));
    expect(unusable(given)).toBeUndefined();
  });

  test.each<[Partial<ConsumerConfig>, RegExp]>([
    [{ deliver_subject: 'x' }, /push consumer/],
    [{ headers_only: true }, /headers_only/],
  ])('%j cannot be used', (config, reason) => {
    expect(unusable({ ...GOOD, ...config })).toMatch(reason);
  });

  test.each<[Partial<ConsumerConfig>, number]>([
    [{ ack_wait: 30 * SECOND }, 30_000],
    [{ ack_wait: 30 * SECOND, backoff: [2 * SECOND, 60 * SECOND] }, 2000],
    [{ backoff: [3 * SECOND] }, 3000],
    // A server leaves out what is 0.
    [{}, 30_000],
  ])('%j waits %i ms for an answer', (config, ms) => {
    expect(ackWaitMs(config)).toBe(ms);
  });
});
