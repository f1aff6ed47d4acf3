// What a spool costs while much is waiting in it: memory while it is filled and emptied, the time to open it, its disk.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Actor, script } from './actor.js';
import { frameOf } from './load.js';

/** Between two looks, in ms. */
const INTERVAL_MS = 10;
const LOGS = 10;
const LOAD = { logs: LOGS, connections: 1 };
/** About what one batch needs on disk. */
const RECORD = frameOf(LOGS, 0).length + 60;

/**
 * @typedef {object} Looked What targets/proxy.js answers.
 * @property {number} received Batches since the start, those included that the spool contained.
 * @property {number} held
 * @property {number} listeningMs
 * @property {number} openedMs
 */

/**
 * Fills a spool while nothing is forwarded, then opens it in another process, and empties it.
 *
 * @param {number} bytes
 * @returns {import('./measure.js').Measure}
 */
export function backlog(bytes) {
  return {
    name: `${Math.round(bytes / 1e6)} MB`,
    async run({ smoke, root }) {
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const batches = Math.ceil((smoke ? bytes / 500 : bytes) / RECORD);
      const spool = { folder: join(folder, 'spool'), maxBytes: 2 * bytes };
      try {
        const filling = new Stage(folder, { reporter: 'none', asCommand: true, spool }, root);
        const filled = await filling.run(batches, ({ received }) => received === batches);
        const emptying = new Stage(folder, { reporter: 'later', asCommand: true, spool }, root);
        const emptied = await emptying.run(0, ({ held }) => held === 0);
        if (emptied.received !== batches) throw new Error(`${emptied.received} of ${batches} were there`);
        const { listeningMs, openedMs } = emptied;
        return { fillingRss: filled.rss, emptyingRss: emptied.rss, listeningMs, openedMs };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/**
 * Sends more than a slow reporter accepts, so that the spool is full most of the time, and never empty.
 *
 * @param {number} limit
 * @returns {import('./measure.js').Measure}
 */
export function diskUse(limit) {
  return {
    name: `limit of ${Math.round(limit / 1e6)} MB`,
    async run({ smoke, root }) {
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const maxBytes = Math.ceil(smoke ? limit / 50 : limit);
      const batches = Math.ceil((3 * maxBytes) / RECORD);
      const spool = { folder: join(folder, 'spool'), maxBytes };
      try {
        const stage = new Stage(folder, { reporter: 'slow', spool }, root);
        const { disk } = await stage.run(batches, (now) => now.received === batches && now.held === 0);
        return { ofLimit: disk / maxBytes };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A proxy, and a sender. */
class Stage {
  #target;
  #feeder;
  #folder;

  /**
   * @param {string} folder
   * @param {import('./targets/proxy.js').ProxyOptions & { spool: { folder: string } }} options
   * @param {string | undefined} root
   */
  constructor(folder, options, root) {
    const socketPath = join(folder, 's');
    const target = script('target.js', [], root);
    this.#folder = options.spool.folder;
    this.#target = new Actor([...target, 'proxy', socketPath, JSON.stringify(options)], 'ignore');
    this.#feeder = new Actor([...script('feeder.js'), socketPath, JSON.stringify(LOAD)]);
  }

  /**
   * @param {number} batches How many to send.
   * @param {(looked: Looked) => boolean} isDone
   * @returns {Promise<Looked & { rss: number, disk: number }>} Memory at most, in MB, and disk at most, in bytes.
   */
  async run(batches, isDone) {
    try {
      await Promise.all([this.#target.told('ready'), this.#feeder.told('ready')]);
      await this.#feeder.asked({ connect: true }, 'connected');
      const fed = this.#feeder.asked({ feed: batches }, 'fed');
      let rss = 0;
      let disk = 0;
      for (;;) {
        const looked = /** @type {Looked} */ (await this.#target.asked({ look: true }, 'looked'));
        rss = Math.max(rss, memoryOf(this.#target.pid));
        disk = Math.max(disk, this.#diskUse());
        if (isDone(looked)) {
          await fed;
          await this.#target.ended();
          return { ...looked, rss, disk };
        }
        await sleep(INTERVAL_MS);
      }
    } finally {
      this.#target.kill();
      this.#feeder.kill();
    }
  }

  /** As `du` tells it. The proxy stops meanwhile: its files must not change from one to the next. */
  #diskUse() {
    process.kill(this.#target.pid, 'SIGSTOP');
    try {
      const names = readdirSync(this.#folder);
      return names.reduce((sum, name) => sum + statSync(join(this.#folder, name)).blocks * 512, 0);
    } finally {
      process.kill(this.#target.pid, 'SIGCONT');
    }
  }
}

/** @param {number} pid @returns {number} In MB. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}
