// What other processes have used so far, as /proc tells it.
import { readFileSync } from 'node:fs';

/** Clock ticks per second in /proc. */
const TICKS = 100;

/** @param {number | undefined} pid @returns {number} CPU seconds, user and system, of all threads. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** @param {number | undefined} pid @returns {number} The highest memory use (RSS) in MB. */
export function rssOf(pid) {
  return (Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;
}
