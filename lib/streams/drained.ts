import type { Writable } from 'node:stream';

/**
 * Calls `settle` once, when a full stream may be written to again, or with `isOpen` false when it was ended or destroyed.
 * Any number of writers may wait for a stream that they share, so that does not look like a leak of listeners.
 *
 * @returns a function that stops waiting. It leaves no listener on the stream.
 */
export function whenDrained(stream: Writable, settle: (isOpen: boolean) => void): () => void {
  let isWaiting = true;
  const stop = () => {
    if (!isWaiting) return;
    isWaiting = false;
    stream.off('drain', onDrain).off('finish', onClose).off('close', onClose);
    addMaxListeners(stream, -1);
  };
  const end = (isOpen: boolean) => {
    stop();
    settle(isOpen);
  };
  const onDrain = () => end(true);
  const onClose = () => end(false);
  addMaxListeners(stream, 1);
  stream.on('drain', onDrain).on('finish', onClose).on('close', onClose);
  return stop;
}

function addMaxListeners(stream: Writable, n: 1 | -1): void {
  if (stream.getMaxListeners() > 0) stream.setMaxListeners(stream.getMaxListeners() + n);
}
