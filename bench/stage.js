// One measurement: a feeder in one process sends a load to a target in another.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Actor, script } from './actor.js';

/**
 * @typedef {object} Play
 * @property {'proxy' | 'drain' | 'plain' | 'stages' | 'reference'} target `reference` is another program.
 * @property {object} [options] Options of the target.
 * @property {readonly string[]} [nodeOptions] Options of the Node process that runs the target.
 * @property {'file' | 'pipe'} [stdout] What stdout of the target is. Another process reads a pipe. Default: it is discarded.
 * @property {{ sync?: boolean }} [spool] Spool of the proxy, in a new folder.
 * @property {import('./feeder.js').Load} load
 * @property {number} warmUp Batches that are sent before the clock runs, so that V8 has compiled the code.
 * @property {number} batches Batches that are measured.
 */

/**
 * @param {Play} play
 * @param {Pick<import('./measure.js').Settings, 'profile' | 'reference' | 'root'>} settings
 * @returns {Promise<import('./target.js').Taken>}
 */
export async function stage(play, { profile = '', reference = '', root }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const socketPath = join(folder, 's');
  const spool = play.spool && { ...play.spool, folder: join(folder, 'spool') };
  const options = JSON.stringify({ ...play.options, spool });
  const stdout = openStdout(play.stdout, join(folder, 'stdout'));
  const command =
    play.target === 'reference'
      ? [reference, socketPath, options]
      : [...script('target.js', play.nodeOptions, root), play.target, socketPath, options, profile];
  const target = new Actor(command, stdout);
  const feeder = new Actor([...script('feeder.js'), socketPath, JSON.stringify(play.load)]);
  try {
    await Promise.all([target.told('ready'), feeder.told('ready')]);
    await feeder.asked({ connect: true }, 'connected');
    const sent = { batches: 0, logs: 0, bytes: 0 };
    /** @type {import('./target.js').Taken | undefined} */
    let taken;
    for (const isWarmUp of [true, false]) {
      const batches = isWarmUp ? play.warmUp : play.batches;
      if (typeof stdout === 'number' && play.stdout === 'file') ftruncateSync(stdout);
      await target.asked({ begin: true }, 'begun');
      sent.bytes += Number(await feeder.asked({ feed: batches, isWarmUp }, 'fed'));
      sent.batches += batches;
      sent.logs += batches * play.load.logs;
      taken = /** @type {import("./target.js").Taken} */ (await target.asked({ end: sent }, 'taken'));
    }
    await target.ended();
    if (taken === undefined) throw new Error('nothing was measured');
    return taken;
  } finally {
    target.kill();
    feeder.kill();
    if (typeof stdout === 'number') closeSync(stdout);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {Play['stdout']} kind
 * @param {string} path
 * @returns {'ignore' | number}
 */
function openStdout(kind, path) {
  if (kind === undefined) return 'ignore';
  if (kind === 'file') return openSync(path, 'a');
  execFileSync('mkfifo', [path]);
  // cat ends when the target and this process have closed the pipe.
  spawn('cat', [path], { stdio: 'ignore' }).unref();
  return openSync(path, 'w');
}
