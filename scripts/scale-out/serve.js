// The command `serve` as a process: edges and forwarders.

import { once } from 'node:events';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Program } from './process.js';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url));

export class Serve extends Program {
  /** What it has complained about in all of its lives. @type {string[]} */
  complaints = [];

  /**
   * @param {string} name
   * @param {readonly string[]} args
   */
  constructor(name, args) {
    super(name, process.execPath, [MAIN, 'serve', '--metrics', '127.0.0.1:0', ...args]);
  }

  async start() {
    this.spawn();
    await until(`${this.name} has started`, () => {
      this.mustRun();
      return this.#metricsUrl() !== undefined && this.isReady();
    });
    return this;
  }

  /** Whether it does its work, besides serving metrics. */
  isReady() {
    return true;
  }

  /** Kills it. */
  async kill() {
    const code = await this.end('SIGKILL');
    if (code !== 'SIGKILL') throw new Error(`${this.name} ended with ${code}: ${this.stderr}`);
    this.#note();
  }

  /** Ends it as a service manager does. @returns its closing account. */
  async stop() {
    const code = await this.end('SIGTERM');
    if (code !== 0) throw new Error(`${this.name} ended with ${code}: ${this.stderr}`);
    this.#note();
    return this.log().find(({ msg }) => msg === 'closed');
  }

  /** The metrics, by their name without its prefix, with all labels added up. @returns {Promise<Map<string, number>>} */
  async metrics() {
    const [response] = await once(get(/** @type {string} */ (this.#metricsUrl())), 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    const values = new Map();
    for (const [, name, value] of text.matchAll(/^agent_boundary_log_proxy_(\w+)(?:\{.*\})? (\S+)$/gm))
      values.set(name, (values.get(name) ?? 0) + Number(value));
    return values;
  }

  #metricsUrl() {
    return this.log().find(({ msg }) => msg === 'serving metrics')?.url;
  }

  #note() {
    for (const { level, msg } of this.log()) if (level >= 50) this.complaints.push(msg);
  }
}

/** Receives on a socket, keeps what it accepted in a spool, and publishes it. */
export class Edge extends Serve {
  /**
   * @param {string} name
   * @param {string} folder For its socket and its spool.
   * @param {readonly string[]} args
   * @param {boolean} [hasSpool]
   */
  constructor(name, folder, args, hasSpool = true) {
    super(name, ['--socket', `${folder}.sock`, ...(hasSpool ? ['--spool', `${folder}.spool`] : []), ...args]);
    this.socket = `${folder}.sock`;
    this.spool = `${folder}.spool`;
  }

  /** How many batches are not published yet. */
  async waiting() {
    const metrics = await this.metrics();
    return (metrics.get('buffer_batches') ?? 0) + (metrics.get('in_flight_batches') ?? 0);
  }

  /** @override */
  isReady() {
    return this.log().some(({ msg }) => msg === 'listening');
  }
}

/** Takes what edges have published, and writes it to a file. */
export class Forwarder extends Serve {
  /**
   * @param {string} name
   * @param {string} file
   * @param {readonly string[]} args
   */
  constructor(name, file, args) {
    super(name, ['--events-file', file, '--format', 'json', ...args]);
    this.file = file;
  }
}
