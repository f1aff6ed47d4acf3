// The whole proxy in a process of its own, fed by another as fast as it takes.
import { CPU_UNIT, FULL_SPEED, playing } from '../plays.js';

const SIZES = /** @type {const} */ ([1, 10, 100]);

/** @type {import('../measure.js').Row[]} */
const rows = [];
for (const logs of SIZES) {
  const play = { load: { logs, connections: 1 }, ...FULL_SPEED[logs] };
  const baseline = playing('drain', { target: 'drain', ...play });
  const per = `null, ${logs} per batch`;
  const row = { unit: CPU_UNIT, figure: 'cpu', baseline };
  rows.push({ name: `proxy, ${per}`, ...row, of: playing('proxy', { target: 'proxy', ...play }) });
  rows.push({ name: `plain protobufjs, ${per}`, ...row, of: playing('plain', { target: 'plain', ...play }) });
  if (logs === 10) {
    rows.push({
      name: 'four stages that do nothing, 10 per batch',
      ...row,
      of: playing('stages', { target: 'stages', ...play }),
    });
  }
}

const text = {
  load: { logs: 10, connections: 1 },
  ...FULL_SPEED[10],
  options: { reporter: 'stdout' },
  toFile: true,
};
const plainText = playing('plain protobufjs', { target: 'plain', ...text });
rows.push({
  name: 'proxy, stdout json to a file, 10 per batch',
  unit: CPU_UNIT,
  figure: 'cpu',
  of: playing('proxy', { target: 'proxy', ...text }),
  baseline: plainText,
});

/** @type {import('../measure.js').Group} */
export const proxy = { title: 'The whole proxy, at full speed', runs: 5, rows };
