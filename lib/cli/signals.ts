/*
 * Signals, from the first moment: main imports this before everything else, and it imports nothing. A signal that arrives
 * while the rest is loaded waits for the event loop. Then the command has registered its handler, or nothing is started.
 */

type Handler = (signal: NodeJS.Signals) => void;

/** The signals that end a command, with their numbers. A shell reports 128 + the number. */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
const SIGNALS = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];

const handlers = new Set<Handler>();

/** Calls back at each of these signals, until the returned function is called. */
export function onSignal(handler: Handler): () => void {
  handlers.add(handler);
  listen();
  return () => {
    handlers.delete(handler);
    restoreUnlessUsed();
  };
}

function listen(): void {
  for (const signal of SIGNALS) if (!process.listeners(signal).includes(arrived)) process.on(signal, arrived);
}

/** Without a handler the system ends the process, even if a write blocks it. */
function restoreDefaults(): void {
  for (const signal of SIGNALS) process.off(signal, arrived);
}

function arrived(signal: NodeJS.Signals): void {
  if (handlers.size === 0) {
    restoreDefaults();
    process.kill(process.pid, signal);
    // The system ends the first process of a container only if it asks for that itself.
    process.exit(128 + NUMBERS[signal as keyof typeof NUMBERS]);
  }
  for (const handler of [...handlers]) handler(signal);
}

/** Not at once: a signal that has arrived is for the next handler, and would be lost without a listener. */
function restoreUnlessUsed(): void {
  // By then, the event loop has looked at the signals that arrived before.
  setImmediate(() => {
    if (handlers.size === 0) restoreDefaults();
  });
}

listen();
restoreUnlessUsed();
