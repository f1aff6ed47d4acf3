// A program that is started, killed and started again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** @typedef {{ level: number, msg: string, [key: string]: any }} Line A line of the program's log. */

export class Program {
  /** How many times it was killed. */
  kills = 0;
  /** The ends of its earlier lives: what each has written to stderr. @type {string[]} */
  past = [];
  stderr = '';
  #isRunning = false;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  /** @type {Promise<unknown>} */
  #ended = Promise.resolve();

  /**
   * @param {string} name For messages.
   * @param {string} command
   * @param {readonly string[]} args
   */
  constructor(name, command, args) {
    this.name = name;
    this.command = command;
    this.args = args;
  }

  get pid() {
    return this.#child?.pid;
  }

  spawn() {
    if (this.stderr !== '') this.past.push(this.stderr);
    this.stderr = '';
    const child = spawn(this.command, this.args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    running.add(child);
    this.#child = child;
    this.#isRunning = true;
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.#ended = once(child, 'close').then(([code, signal]) => {
      running.delete(child);
      this.#isRunning = false;
      return code ?? signal;
    });
  }

  /** @throws an Error with what it said, if it has ended. */
  mustRun() {
    if (!this.#isRunning) throw new Error(`${this.name} has ended: ${this.stderr}`);
  }

  /** @param {NodeJS.Signals} signal */
  async end(signal) {
    this.mustRun();
    if (signal === 'SIGKILL') this.kills += 1;
    this.#child?.kill(signal);
    return this.#ended;
  }

  /** The lines of its log, which are JSON. @returns {Line[]} */
  log() {
    return this.stderr
      .slice(0, this.stderr.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }
}
