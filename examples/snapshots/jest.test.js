// Snapshot tests of outcomes in Jest. describeOutcome() turns an outcome into plain data that is the same in every run.
//   node --experimental-vm-modules node_modules/jest/bin/jest.js
import { expect, test } from '@jest/globals';
import { describeOutcome } from 'boundary-log-proxy';
import { decodeMessage, encodeLogs, encodeStatus, FrameDecoder } from 'boundary-log-proxy/codec';

/** @param {Buffer} bytes */
function outcomesOf(bytes) {
  return new FrameDecoder().decode(bytes).map((item) => {
    if ('error' in item) throw item.error;
    return decodeMessage(item);
  });
}

const bytes = Buffer.concat([
  encodeLogs({
    sessionId: 's1',
    logs: [{ allowed: true, httpRequest: { method: 'GET', url: 'https://a.example/' } }],
  }),
  encodeStatus({ droppedChannelFull: 3 }),
]);

test('the sender reports an allowed request, and what it dropped', () => {
  expect(outcomesOf(bytes).map(describeOutcome)).toMatchInlineSnapshot(`
    [
      {
        "confined_process_name": "",
        "count": 1,
        "kind": "logs",
        "logs": [
          {
            "allowed": true,
            "http_request": {
              "matched_rule": "",
              "method": "GET",
              "url": "https://a.example/",
            },
            "sequence_number": 0,
            "time": null,
          },
        ],
        "raw_hex": "0a1d08011a190a03474554121268747470733a2f2f612e6578616d706c652f12027331",
        "session_id": "s1",
        "tag": 2,
      },
      {
        "counted": {
          "boundary_channel_full": "3",
        },
        "dropped_batch_full": "0",
        "dropped_channel_full": "3",
        "kind": "status",
      },
    ]
  `);
});

test('outcomes are compared by their content', () => {
  expect(outcomesOf(bytes)).toStrictEqual(outcomesOf(Buffer.from(bytes)));
  expect(outcomesOf(bytes)).not.toEqual(outcomesOf(encodeStatus({ droppedChannelFull: 3 })));
});
