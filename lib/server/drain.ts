import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** How often a drain checks whether it is done, in ms. */
const LOOK_MS = 5;

/** What a drain waits for. */
export interface Draining {
  /** How many batches can still be forwarded. */
  left(): number;
  /** How many bytes were read from all senders. */
  bytesRead(): number;
}

/** Waits until nothing is left and no sender has sent anything, twice in a row; at most until the deadline. */
export async function drain({ left, bytesRead }: Draining, deadline: number): Promise<void> {
  let quiet = 0;
  let readBefore = -1;
  while (quiet < 2 && performance.now() < deadline) {
    // In one turn of the event loop, the sockets are read.
    await turn();
    const read = bytesRead();
    const isBusy = left() > 0;
    quiet = !isBusy && read === readBefore ? quiet + 1 : 0;
    readBefore = read;
    if (isBusy) await sleep(LOOK_MS);
  }
}
