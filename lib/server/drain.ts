import { nextTurn } from '../real-time.js';

/** How often a drain checks whether it is done, in ms, if nobody tells it of a change. */
const LOOK_MS = 5;

/** What the senders do. */
export interface Activity {
  /** Bytes read from all of them so far. */
  readonly bytesRead: number;
  /** How many of them have been read and wait for their turn to be processed. */
  readonly waiting: number;
}

/** Waits until nothing can be forwarded any more. */
export class Drain {
  #wake: (() => void) | undefined;

  /** A batch has left. With a fake clock, which never reaches the next look by itself, the drain learns it from this. */
  changed(): void {
    this.#wake?.();
  }

  /**
   * Resolves when nothing can be forwarded and no sender has sent anything, twice in a row, or after so many ms.
   *
   * @param canForward False if nothing is left, and if the reporter will be called again only after the drain.
   */
  async run(canForward: () => boolean, connections: Activity, ms: number): Promise<void> {
    let isOver = ms <= 0;
    // Both timers follow a fake clock, so that a test can end the drain.
    const end = setTimeout(() => {
      isOver = true;
      this.changed();
    }, ms);
    let quiet = 0;
    let bytesRead = -1;
    while (quiet < 2 && !isOver) {
      // In one turn of the event loop, the sockets are read.
      await nextTurn();
      const isLeft = canForward();
      const isRead = connections.waiting === 0 && bytesRead === connections.bytesRead;
      quiet = !isLeft && isRead ? quiet + 1 : 0;
      bytesRead = connections.bytesRead;
      if (isLeft && !isOver) await this.#change();
    }
    clearTimeout(end);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.changed(), LOOK_MS);
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
