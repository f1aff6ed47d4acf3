// A proxy with a spool whose reporter combines batches, and that ends at once, as in a crash, when it is given a batch with
// the event -1. Arguments: the build, as a URL, the socket, and the folder of the spool. Each line of stdout has the numbers
// of the events of one report.
import { appendFileSync } from 'node:fs';

const [, , build = '', socketPath, folder = ''] = process.argv;
const { BoundaryLogProxy } = await import(build);
const proxy = new BoundaryLogProxy({ socketPath, spool: { folder } });
await proxy.start();
const running = proxy.runForwarder({
  coalesce: {},
  report(/** @type {{ request: { logs: { sequenceNumber?: number }[] } }} */ batch) {
    const numbers = batch.request.logs.map(({ sequenceNumber }) => sequenceNumber ?? 0);
    appendFileSync(1, `${JSON.stringify(numbers)}\n`);
    if (numbers.includes(-1)) process.kill(process.pid, 'SIGKILL');
  },
});
process.on('SIGTERM', async () => {
  await proxy.close({ drain: 60_000 });
  await running;
  process.stdout.write(`${JSON.stringify(proxy.accounts())}\n`);
});
