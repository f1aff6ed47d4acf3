import type { TextOutput } from '../reporters/text.js';
import { Counter, type MetricsRegistry } from '../telemetry/prom-client.js';

export const LOG_LINES_LOST = {
  name: 'agent_boundary_log_proxy_log_lines_lost_total',
  type: 'counter',
  help: "Lines of the program's own log that could not be written.",
} as const;

/** How many bytes wait for a reader that does not keep up. */
const MAX_WAITING_BYTES = 1 << 18;

/**
 * Where the program's own log goes. It neither waits for its reader nor fails: lines that do not fit, or that nobody can
 * read any more, are lost and counted. As soon as there is room again, one line says how many.
 */
export class LogOutput {
  /** How many lines were lost. */
  lost = 0;
  readonly #output: TextOutput;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** How many lines were lost since a line said so. */
  #unsaid = 0;
  #isWriting = false;
  #isPumping = false;
  #onEmpty: (() => void) | undefined;

  constructor(output: TextOutput) {
    this.#output = output;
    // Each write that failed has said so to its callback.
    output.on('error', () => undefined);
  }

  /** Called when there is room again, with how many lines were lost since the last call. */
  onRoom: (lost: number) => void = () => undefined;

  /** Whether everything was written or lost. */
  get isEmpty(): boolean {
    return !this.#isWriting && this.#waiting.length === 0;
  }

  /** @param line With its line feed. */
  write(line: string): void {
    const text = Buffer.from(line);
    if (this.#waitingBytes + text.length > MAX_WAITING_BYTES && !this.isEmpty) {
      this.#lose();
      return;
    }
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
    this.#pump();
  }

  /** Waits until everything was written or lost, but not longer than `ms`. */
  async flush(ms: number): Promise<void> {
    if (this.isEmpty) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #lose(): void {
    this.lost += 1;
    this.#unsaid += 1;
  }

  /** Writes one line after the other, as long as each is written at once. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isWriting && this.#waiting.length > 0) {
      const line = this.#waiting.shift() as Buffer;
      this.#waitingBytes -= line.length;
      this.#isWriting = true;
      this.#write(line);
    }
    this.#isPumping = false;
    if (this.isEmpty) this.#onEmpty?.();
  }

  #write(text: Buffer): void {
    try {
      this.#output.write(text, (error, written = error ? 0 : text.length) => {
        if (!error && written < text.length) this.#write(text.subarray(written));
        else this.#written(error);
      });
    } catch (error) {
      this.#written(error as Error);
    }
  }

  #written(error: Error | null | undefined): void {
    this.#isWriting = false;
    const { lost } = this;
    if (error) this.#lose();
    this.#pump();
    if (error || this.#unsaid === 0 || lost !== this.lost || !this.isEmpty) return;
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    this.onRoom(unsaid);
  }
}

/** Adds the number of lost lines to a registry. */
export function countLostLines(log: LogOutput, registry: MetricsRegistry): void {
  const { name, help } = LOG_LINES_LOST;
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(log.lost);
    },
  });
}
