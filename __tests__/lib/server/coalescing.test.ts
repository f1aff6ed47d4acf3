import { expect, jest, test } from '@jest/globals';
import { BoundaryLogProxy, type LogBatch, type Reporter } from '../../../lib/index.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { random } from '../../helpers/cuts.js';
import { logsFrame } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';
import { upTo } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

jest.setTimeout(60_000);
const path = tempPaths();

const LOGS = 3;
const BATCHES = 400;
/** These batches are never accepted. */
const isBad = (batch: number) => batch % 37 === 5;

test.each([
  ['a buffer', false],
  ['a spool', true],
])(
  `with %s, combined batches that fail and runs that end keep the accounts exact (seed ${seed})`,
  async (_what, hasSpool) => {
    const next = random(seed + Number(hasSpool));
    const below = (n: number) => Math.floor(next() * n);
    const spool = hasSpool ? { folder: path() } : undefined;
    const proxy = new BoundaryLogProxy({ socketPath: path(), bufferSize: BATCHES, spool });
    await proxy.start();
    const delivered: number[] = [];
    let combined = 0;
    const reporter: Reporter = {
      coalesce: { maxLogs: 40 },
      async report(batch: LogBatch, { signal }) {
        assertBalanced(proxy.accounts());
        const numbers = batch.request.logs.map(({ sequenceNumber }) => (sequenceNumber ?? 0) / LOGS);
        const batches = numbers.filter(Number.isInteger);
        if (batches.length > 1) combined += 1;
        for (let turns = below(3); turns > 0; turns--) await new Promise(setImmediate);
        signal.throwIfAborted();
        if (below(5) === 0) throw new Error('not available');
        if (batches.some(isBad)) throw Object.assign(new Error('not this one'), { permanent: true });
        delivered.push(...batches);
      },
    };
    // Batches arrive while runs of the forwarder come and go.
    const sent = sendAll(
      proxy.socketPath,
      upTo(BATCHES).map((i) => logsFrame(LOGS, LOGS * i)),
    );
    const isDone = () => {
      const { received, buffered, inFlight } = proxy.accounts();
      assertBalanced(proxy.accounts());
      return received.batches === BATCHES && buffered.batches + inFlight.batches === 0;
    };
    for (let runs = 0; !isDone(); runs++) {
      const end = new AbortController();
      const retry = { initialDelayMs: 0, maxElapsedMs: Number.POSITIVE_INFINITY };
      const run = proxy.runForwarder(reporter, {
        signal: end.signal,
        retry,
        lingerMs: below(2),
        graceMs: 5000,
      });
      const turns = 1 + below(20);
      if (runs < 50) for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      else await until('the rest is delivered', isDone, 30_000);
      end.abort();
      await run;
    }
    await sent;
    const good = upTo(BATCHES).filter((batch) => !isBad(batch));
    expect(delivered).toEqual(good);
    expect(combined).toBeGreaterThan(10);
    const { forwarded, dropped, recovered } = proxy.accounts();
    expect(forwarded.batches).toBe(good.length);
    expect(dropped.rejected.batches).toBe(BATCHES - good.length);
    expect(recovered.batches).toBe(0);
    await proxy.close();
    if (spool === undefined) return;
    const after = new BoundaryLogProxy({ socketPath: path(), spool });
    await after.start();
    expect(after.accounts().recovered).toEqual({ batches: 0, logs: 0 });
    await after.close();
  },
);
