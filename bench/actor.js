// A process that receives orders as messages and answers with messages.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Command that runs a file of the folder bench/ with Node.
 *
 * @param {string} name
 * @param {readonly string[]} [nodeOptions]
 * @param {string} [root] The checkout whose bench/ it is. Default: this one.
 */
export function script(name, nodeOptions = [], root = fileURLToPath(new URL('..', import.meta.url))) {
  return [process.execPath, ...nodeOptions, join(root, 'bench', name)];
}

export class Actor {
  #child;
  #ended;
  /** @type {Record<string, unknown>} Answers by name. */
  #told = {};
  /** @type {() => void} */
  #look = () => undefined;
  /** @type {Error | undefined} */
  #error;

  /**
   * @param {string[]} command A program and its arguments. It may be written in any language.
   *   Messages are lines of JSON in both directions, on the file descriptor that NODE_CHANNEL_FD names.
   * @param {'ignore' | number} [stdout] Default: the stdout of this process.
   */
  constructor(command, stdout) {
    const [program = '', ...args] = command;
    this.#child = spawn(program, args, { stdio: ['ignore', stdout ?? 'inherit', 'inherit', 'ipc'] });
    this.#child.on('error', (error) => {
      this.#error = new Error(`${program} cannot be run`, { cause: error });
      this.#look();
    });
    this.#child.on('message', (answer) => {
      Object.assign(this.#told, answer);
      this.#look();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => {
        this.#error = new Error(`${command.slice(0, 3).join(' ')} ended too soon: ${signal ?? code}`);
        this.#look();
        resolve(undefined);
      });
    });
  }

  /** The process. */
  get pid() {
    return this.#child.pid ?? 0;
  }

  /**
   * Waits for an answer.
   *
   * @param {string} name
   */
  async told(name) {
    while (!(name in this.#told)) {
      if (this.#error !== undefined) throw this.#error;
      await new Promise((resolve) => {
        this.#look = () => resolve(undefined);
      });
    }
    const answer = this.#told[name];
    delete this.#told[name];
    return answer;
  }

  /**
   * @param {object} order
   * @param {string} answer Name of the answer to the order.
   */
  asked(order, answer) {
    this.#child.send(order);
    return this.told(answer);
  }

  /** @param {object} order An order that has no answer. */
  send(order) {
    this.#child.send(order);
  }

  /** Tells the process to close, and waits until it has ended. */
  async ended() {
    this.#child.send({ close: true });
    await this.#ended;
  }

  /** Fails if the process has ended by itself, so that nothing is measured without it. */
  assertAlive() {
    if (this.#error !== undefined) throw this.#error;
  }

  kill() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
  }
}
