/*
 * Timers and promises that end with an AbortSignal. Each of these functions removes its timer and its listener as
 * soon as it is done, so that a signal that lives as long as the process does not collect them. The timers are global
 * ones, and not those of `AbortSignal.timeout()`, because the latter do not keep a process alive that still waits.
 */

/**
 * Calls `listener` when the signal aborts, or at once if it has aborted already.
 *
 * @returns a function that removes the listener.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/**
 * Calls `onTimeout` after `ms`, or `onAborted` if the signal aborts before that. If it has aborted already,
 * `onAborted` is called at once.
 *
 * @returns a function that ends the timer: neither of the two is called after it.
 */
export function startTimer(
  ms: number,
  signal: AbortSignal,
  onTimeout: () => void,
  onAborted: () => void,
): () => void {
  const timer = setTimeout(() => {
    stopListening();
    onTimeout();
  }, ms);
  const stopListening = onAbort(signal, () => {
    clearTimeout(timer);
    onAborted();
  });
  return () => {
    clearTimeout(timer);
    stopListening();
  };
}

/** Resolves after `ms`, or as soon as the signal aborts. It never rejects. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    startTimer(ms, signal, resolve, resolve);
  });
}

/** Settles like `promise`, or rejects with `signal.reason` as soon as the signal aborts. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stopListening);
  });
}
