// What the console costs the proxy: without a page, and with one that is open. The goal is 5 %.
import { CPU_UNIT, FULL_SPEED, playing } from '../plays.js';

/** @type {import('../stage.js').Play} */
const fullSpeed = { target: 'proxy', load: { logs: 10, connections: 1 }, ...FULL_SPEED[10] };
/** @type {import('../stage.js').Play} */
const paced = {
  target: 'proxy',
  load: { logs: 10, connections: 4, rate: 5000 },
  // Until the memory for the newest batches has been used once: afterwards it costs no page faults.
  warmUp: 40_000,
  batches: 20_000,
};

/** @param {string} name @param {import('../stage.js').Play} play */
function rowsOf(name, play) {
  const baseline = playing('without', play);
  return /** @type {const} */ (['console', 'page']).map((console) => ({
    name: `${name}, ${console === 'page' ? 'a page is open' : 'no page is open'}`,
    unit: CPU_UNIT,
    figure: 'cpu',
    of: playing(console, { ...play, options: { console } }),
    baseline,
  }));
}

/** @type {import('../measure.js').Group} */
export const console_ = {
  title: 'The console, 10 logs per batch',
  runs: 5,
  rows: [...rowsOf('console, at full speed', fullSpeed), ...rowsOf('console, 5000 batches/s', paced)],
};
