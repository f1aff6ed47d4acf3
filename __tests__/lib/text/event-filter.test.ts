import { expect, test } from '@jest/globals';
import { LogBatch, Tag } from '../../../codec/index.js';
import { eventFilter, type FilterOptions } from '../../../lib/text/event-filter.js';
import { eventBatch } from '../../helpers/event-batch.js';

const SESSION = '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77';
const batch = eventBatch(
  { decision: 'allow', session_id: SESSION, http_url: 'https://example.com/0' },
  { decision: 'deny', http_url: 'https://example.com/1' },
  { decision: 'allow', http_url: 'https://api.example.org/2' },
  { decision: 'deny' },
);

/** The indexes of the events that are left. */
function left(options: FilterOptions, from = batch): number[] {
  const { logs } = eventFilter(options)?.(from).request ?? { logs: [] };
  return logs.map((log) => from.request.logs.indexOf(log));
}

test.each<[options: FilterOptions, indexes: number[]]>([
  [{ only: 'allow' }, [0, 2]],
  [{ only: 'deny' }, [1, 3]],
  [{ host: 'example.com' }, [0, 1]],
  [{ host: '*.org' }, [2]],
  [{ host: '*' }, [0, 1, 2, 3]],
  [{ session: SESSION }, [0, 1, 2, 3]],
  [{ session: '5f3c' }, [0, 1, 2, 3]],
  [{ session: '5f3d' }, []],
  [{ session: `${SESSION}0` }, []],
  [{ only: 'deny', host: 'example.com', session: '5' }, [1]],
])('%j shows the events %j', (options, indexes) => {
  expect(left(options)).toEqual(indexes);
});

test('without options there is no filter', () => {
  expect(eventFilter({})).toBeUndefined();
  expect(eventFilter({ only: undefined, host: undefined, session: undefined })).toBeUndefined();
});

test('a batch without a session is of none', () => {
  expect(left({ session: '5' }, eventBatch({}))).toEqual([]);
  expect(left({ only: 'deny' }, eventBatch({}))).toEqual([0]);
});

test('a session of more than 64 bytes, which text cuts, is compared completely', () => {
  const long = 'x'.repeat(100);
  const from = eventBatch({ session_id: long });
  expect(left({ session: long }, from)).toEqual([0]);
  expect(left({ session: `${long}x` }, from)).toEqual([]);
});

test('the batch itself does not change', () => {
  const raw = Buffer.from(batch.raw);
  const same = new LogBatch(Tag.V2, batch.count, raw);
  eventFilter({ only: 'deny' })?.(same);
  expect(same.request.logs).toHaveLength(4);
});
