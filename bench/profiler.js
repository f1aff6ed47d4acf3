// A CPU profile as `node --cpu-prof` makes it, but without the start of the process: of the load alone.
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
