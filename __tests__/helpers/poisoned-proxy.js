// A proxy with a spool whose reporter combines batches, and that ends at once, as in a crash, when it is given a batch with
// the event -1. Arguments: the build, as a URL, the socket, and the folder of the spool. Each line of stdout has the numbers
// of the events of one report. With a further argument there is a reporter of that name before it, which survives each
// batch, and writes to stderr.
import { appendFileSync } from 'node:fs';

/** @typedef {{ request: { logs: { sequenceNumber?: number }[] } }} Batch */

const [, , build = '', socketPath, folder = '', robust] = process.argv;
const { BoundaryLogProxy } = await import(build);
const reporters = robust === undefined ? undefined : [robust, 'poisoned'];
const proxy = new BoundaryLogProxy({ socketPath, spool: { folder }, reporters });
await proxy.start();
/** @param {Batch} batch @param {number} fd */
function write(batch, fd) {
  const numbers = batch.request.logs.map(({ sequenceNumber }) => sequenceNumber ?? 0);
  appendFileSync(fd, `${JSON.stringify(numbers)}\n`);
  return numbers;
}
const running = [
  proxy.runForwarder(
    {
      coalesce: {},
      report(/** @type {Batch} */ batch) {
        if (write(batch, 1).includes(-1)) process.kill(process.pid, 'SIGKILL');
      },
    },
    { name: reporters?.[1] },
  ),
];
if (robust !== undefined)
  running.push(proxy.runForwarder({ report: (/** @type {Batch} */ batch) => void write(batch, 2) }));
process.on('SIGTERM', async () => {
  await proxy.close({ drain: 60_000 });
  await Promise.all(running);
  process.stdout.write(`${JSON.stringify(proxy.accounts(reporters?.[1]))}\n`);
});
