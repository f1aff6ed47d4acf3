// Records a CPU profile like `node --cpu-prof`, but only of the load, without the start of the process.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

export class Profiler {
  #session = new Session();
  #folder;

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#session.connect();
  }

  async start() {
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.start');
  }

  /** @param {string} name */
  async stop(name) {
    const { profile } = await this.#session.post('Profiler.stop');
    writeFileSync(join(this.#folder, `${name}-${process.pid}.cpuprofile`), JSON.stringify(profile));
  }
}
