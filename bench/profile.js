// Shows where the time of a CPU profile went: node bench/profile.js FILE.cpuprofile
import { readFileSync } from 'node:fs';

const TOP = 30;
/** Entries that are not work of the process. */
const IDLE = ['(idle)', '(root)'];

/**
 * @typedef {object} Node
 * @property {number} id
 * @property {{ functionName: string, url: string, lineNumber: number }} callFrame
 */

const [file = ''] = process.argv.slice(2);
/** @type {{ nodes: Node[], samples: number[], timeDeltas: number[] }} */
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));

/** @type {Map<string, number>} */
const times = new Map();
for (const [i, id] of samples.entries()) {
  const name = names.get(id) ?? '?';
  times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0));
}
for (const name of IDLE) times.delete(name);
const busy = [...times.values()].reduce((sum, time) => sum + time, 0);
console.log(`${(busy / 1e6).toFixed(2)} s busy; self time:`);
for (const [name, time] of [...times].sort((a, b) => b[1] - a[1]).slice(0, TOP)) {
  console.log(`${((time / busy) * 100).toFixed(1).padStart(5)} %  ${name}`);
}

/** @param {Node['callFrame']} frame */
function nameOf({ functionName, url, lineNumber }) {
  const place = url.replace(/^.*\/(dist|node_modules)\//, '').replace(/^file:\/\/.*\/bench\//, 'bench/');
  return `${functionName || '(anonymous)'}${place === '' ? '' : `  ${place}:${lineNumber + 1}`}`;
}
