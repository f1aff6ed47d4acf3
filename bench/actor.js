// A process that is told what to do by messages, and answers with messages.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export class Actor {
  #child;
  #ended;
  /** @type {Record<string, unknown>} Answers, by their name. */
  #told = {};
  /** @type {() => void} */
  #look = () => undefined;
  /** @type {Error | undefined} */
  #error;

  /**
   * @param {string} file In this folder.
   * @param {string[]} args
   * @param {import('node:child_process').ForkOptions} options
   */
  constructor(file, args, options) {
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), args, options);
    this.#child.on('message', (answer) => {
      Object.assign(this.#told, answer);
      this.#look();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => {
        this.#error = new Error(`${file} ${args[0]} ended too soon: ${signal ?? code}`);
        this.#look();
        resolve(undefined);
      });
    });
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
   * @param {string} answer The name of the answer to it.
   */
  asked(order, answer) {
    this.#child.send(order);
    return this.told(answer);
  }

  /** Tells it to close, and waits until it has ended. */
  async ended() {
    this.#child.send({ close: true });
    await this.#ended;
  }

  kill() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
  }
}
