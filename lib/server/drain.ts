import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** How often a drain checks whether it is done, in ms. */
const LOOK_MS = 5;

/** What the senders do. */
export interface Activity {
  /** Bytes read from all of them so far. */
  readonly bytesRead: number;
  /** How many of them have been read and wait for their turn to be processed. */
  readonly waiting: number;
}

/**
 * Waits until nothing can be forwarded any more before the deadline and no sender has sent anything, twice in a row.
 *
 * @param canForward False if nothing is left, and if the reporter will be called again only after the deadline.
 */
export async function drain(
  canForward: () => boolean,
  connections: Activity,
  deadline: number,
): Promise<void> {
  let quiet = 0;
  let bytesRead = -1;
  while (quiet < 2 && performance.now() < deadline) {
    // In one turn of the event loop, the sockets are read.
    await turn();
    const isLeft = canForward();
    const isRead = connections.waiting === 0 && bytesRead === connections.bytesRead;
    quiet = !isLeft && isRead ? quiet + 1 : 0;
    bytesRead = connections.bytesRead;
    if (isLeft) await sleep(LOOK_MS);
  }
}
