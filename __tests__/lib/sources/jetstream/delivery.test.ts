import { expect, test } from '@jest/globals';
import { deliveryInfo } from '../../../../lib/sources/jetstream/delivery.js';

test.each([
  // As servers write it now, with a domain and an account, and with something behind it.
  ['$JS.ACK.stream.consumer.1.22.333.1795686584756955061.5', 1, '22.1795686584756955061'],
  ['$JS.ACK.stream.consumer.17.22.333.1795686584756955061.0', 17, '22.1795686584756955061'],
  ['$JS.ACK.hub.ACCOUNT.stream.consumer.2.22.333.1795686584756955061.5', 2, '22.1795686584756955061'],
  ['$JS.ACK._.ACCOUNT.stream.consumer.3.22.333.1795686584756955061.5.random', 3, '22.1795686584756955061'],
])('%s', (reply, deliveries, key) => {
  expect(deliveryInfo(reply)).toEqual({ deliveries, key });
});

test.each([
  undefined,
  '',
  '_INBOX.a.b.c.d.e.f.g.h',
  '$JS.ACK.stream.consumer.1.22.333.1',
  '$JS.ACK.s.c.x.1.1.1.1',
  '$JS.ACK.s.c.0.1.1.1.1',
])('%s is something else', (reply) => {
  expect(deliveryInfo(reply)).toBeUndefined();
});
