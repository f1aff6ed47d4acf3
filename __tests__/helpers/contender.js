// A process that takes the locks of spools when it is told so, and says when it had them. Arguments: the build, as a URL.
import { createInterface } from 'node:readline';

const { SpoolBuffer } = await import(process.argv[2] ?? '');
const silent = { debug() {}, info() {}, warn() {}, error() {} };
/** CLOCK_MONOTONIC, which all processes share. */
const now = () => Number(process.hrtime.bigint());
const spin = (/** @type {number} */ ms) => {
  for (const end = now() + ms * 1e6; now() < end; );
};

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  /** @type {{ folder: string, afterMs: number, holdMs: number | undefined }} */
  const { folder, afterMs, holdMs } = JSON.parse(line);
  spin(afterMs);
  const buffer = new SpoolBuffer({ folder }, 'drop', silent);
  /** @type {object} */
  let result;
  try {
    await buffer.lock();
    const from = now();
    if (holdMs !== undefined) spin(holdMs);
    result = { from, to: now() };
    // Without holdMs, it has the lock until its end.
    if (holdMs !== undefined) await buffer.close();
  } catch (/** @type {any} */ error) {
    result = { code: error.code, message: error.message };
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
