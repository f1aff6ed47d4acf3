import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** Descriptors that are kept free for everything but connections. */
const RESERVED = {
  /** Its lock, the segments that are read and written, their folder. */
  spool: 8,
  /** Connections to the destination, while one replaces another, and the lookup of its name. */
  reporter: 8,
  /** Whatever the process opens for a moment. */
  rest: 8,
} as const;

/** How many connections the metrics server has at most. */
export const MAX_HTTP_CONNECTIONS = 64;

/** How many connections each server of this process may have, so that none takes the descriptors of another. */
export interface DescriptorBudget {
  /** Of the Unix socket. */
  readonly connections: number;
  /** Of the metrics server. */
  readonly http: number;
}

/**
 * Divides the descriptors of a process.
 *
 * @param maxConnections How many connections the Unix socket may have if there are enough descriptors.
 * @param limit How many descriptors the process may have open.
 * @param open How many it has open, without connections.
 */
export function descriptorBudget(
  maxConnections = Number.POSITIVE_INFINITY,
  limit = descriptorLimit(),
  open = openDescriptors(),
): DescriptorBudget {
  const free = Math.max(0, limit - open - RESERVED.spool - RESERVED.reporter - RESERVED.rest);
  const http = Math.max(1, Math.min(MAX_HTTP_CONNECTIONS, Math.floor(free / 4)));
  return { connections: Math.max(1, Math.min(maxConnections, free - http)), http };
}

/** The soft limit of this process; Infinity if it is not known, as outside of Linux. */
function descriptorLimit(): number {
  const limits = attempt(() => readFileSync('/proc/self/limits', 'utf8')) ?? '';
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

function openDescriptors(): number {
  return attempt(() => readdirSync('/proc/self/fd').length) ?? 0;
}

/**
 * Notices that a process has no descriptor left.
 *
 * Node does not report that: its libuv then closes a descriptor that it keeps for this purpose, accepts each connection
 * that waits, and closes it. This class keeps another one. During a shortage it is given up, so that connections can be
 * accepted, counted, and closed.
 */
export class SpareDescriptor {
  readonly #onShortage: (error: unknown) => void;
  #fd: number | undefined;

  /** @param onShortage Called each time that there is none. */
  constructor(onShortage: (error: unknown) => void) {
    this.#onShortage = onShortage;
  }

  /** Whether there is a descriptor for the next file or connection. */
  check(): boolean {
    try {
      this.#fd ??= openAny();
      closeSync(openAny());
      return true;
    } catch (error) {
      if (!isOutOfDescriptors(error)) return true;
      this.release();
      this.#onShortage(error);
      return false;
    }
  }

  release(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Whether there was no descriptor for an operation. */
export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}

function openAny(): number {
  return openSync('/', 'r');
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
