import type { TextOutput } from './text-output.js';

/** What a Node stream tells about its errors. */
interface StreamState {
  readonly closed?: boolean;
  readonly errored?: Error | null;
}

/**
 * Listens for the errors of an output during each write. The callback of the write reports them already, and without a
 * listener they would end the process. In between, the output belongs to the program alone: nothing is left on it.
 */
export class ErrorListener {
  readonly #output: TextOutput & StreamState;
  #isListening = false;
  #isWriting = false;
  /** Whether the error of the write in progress was emitted, or will never be. */
  #isOver = false;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** A write begins. */
  begin(): void {
    this.#isWriting = true;
    // A Node stream emits one error in its life.
    this.#isOver = this.#output.errored instanceof Error;
    if (this.#isListening) return;
    this.#isListening = true;
    this.#output.on('error', this.#onError);
  }

  /** The write has ended. A stream may emit its error later, such as a file, which is closed first. */
  end(hasFailed: boolean): void {
    this.#isWriting = false;
    if (!hasFailed || this.#isOver || this.#output.closed === true) this.#stop();
  }

  readonly #onError = (): void => {
    this.#isOver = true;
    if (!this.#isWriting) this.#stop();
  };

  #stop(): void {
    if (this.#output.off === undefined) return;
    this.#output.off('error', this.#onError);
    this.#isListening = false;
  }
}
