// A real nats-server with JetStream and file storage. It keeps its port and its store when it is started again.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './process.js';
import { until } from './until.js';

export class NatsServer {
  port = 0;
  #folder;
  #program;
  #config;
  #jetStream;

  /**
   * @param {string} folder A new one for its configuration and its store.
   * @param {string} [config] Further lines of its configuration.
   * @param {string} [jetStream] Further lines of the configuration of JetStream.
   */
  constructor(folder, config = '', jetStream = '') {
    mkdirSync(folder);
    this.#folder = folder;
    this.#config = config;
    this.#jetStream = jetStream;
    this.#program = new Program('nats-server', 'nats-server', ['-c', join(folder, 'server.conf')]);
  }

  get url() {
    return `nats://127.0.0.1:${this.port}`;
  }

  get store() {
    return join(this.#folder, 'store');
  }

  get pid() {
    return /** @type {number} */ (this.#program.pid);
  }

  /** Starts it, and waits until it accepts clients, which is after it has read its store. */
  async start() {
    const { port } = this;
    writeFileSync(
      join(this.#folder, 'server.conf'),
      `listen: "127.0.0.1:${port || -1}"
ports_file_dir: "${this.#folder}"
jetstream {
  store_dir: "${this.store}"
  ${this.#jetStream}
}
${this.#config}
`,
    );
    this.#program.spawn();
    const ports = join(this.#folder, `nats-server_${this.#program.pid}.ports`);
    await until('nats-server is ready', () => {
      this.#program.mustRun();
      const found = portIn(ports);
      this.port = found ?? this.port;
      return found !== undefined;
    });
    return this;
  }

  /**
   * @param {NodeJS.Signals} signal
   * @param {() => Promise<unknown>} [meanwhile] What happens before it starts again.
   */
  async restart(signal, meanwhile) {
    await this.#program.end(signal);
    await meanwhile?.();
    await this.start();
  }

  /** Ends it. @param {NodeJS.Signals} signal */
  async end(signal = 'SIGTERM') {
    await this.#program.end(signal);
  }
}

/** The port of clients in the file that the server writes when it is ready. @param {string} file */
function portIn(file) {
  try {
    const { nats } = JSON.parse(readFileSync(file, 'utf8'));
    return Number(new URL(nats[0]).port);
  } catch {
    // It does not exist yet, or has not been written completely.
    return undefined;
  }
}
