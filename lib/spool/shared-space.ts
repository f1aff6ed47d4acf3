/** Which fraction of its equal share is reserved for each part. */
const RESERVED = 1 / 4;
/** How many bytes each part may use even if the others already use all the space; at most what is reserved for it. */
const FLOOR = 1 << 20;

/** A spool that shares the space of a folder with others. */
export interface Tenant {
  /** How many bytes it uses, including those that it must be able to use at any time. */
  claimed(): number;
  /** Called when there may be more space for it. */
  admit(): void;
}

/** What connects a spool with the others in its folder. */
export interface Shared {
  readonly space: SharedSpace;
  /** Called when the spool has its lock, before it reads or stores anything. */
  onLocked(): Promise<void>;
}

/** The share that one tenant has of the space. */
export interface Share {
  /** How many bytes it may use at most, if the others use nothing. */
  readonly most: number;
  /** An equal share in bytes. The size of its segments depends on that. */
  readonly equal: number;
  /** How many bytes it may use now. */
  limit(): number;
  /** Call this when it uses less than before. */
  freed(): void;
}

/**
 * Divides the space of one folder between the spools in it. A quarter of an equal share is reserved for each spool, and
 * the rest is for whichever needs it first. So a full spool leaves space for the others. But it may use most of the space
 * if no other spool needs it.
 */
export class SharedSpace {
  readonly #maxBytes: number;
  readonly #n: number;
  readonly #occupied: () => number;
  readonly #tenants: Tenant[] = [];

  /**
   * @param n How many tenants there will be.
   * @param occupied How many other bytes are in use, which no tenant can free.
   */
  constructor(maxBytes: number, n: number, occupied: () => number) {
    this.#maxBytes = maxBytes;
    this.#n = n;
    this.#occupied = occupied;
  }

  join(tenant: Tenant): Share {
    this.#tenants.push(tenant);
    const equal = Math.max(1, Math.floor(this.#maxBytes / this.#n));
    const reserved = equal * RESERVED;
    return {
      equal,
      most: Math.max(equal, Math.floor(this.#maxBytes - (this.#n - 1) * reserved)),
      limit: () => {
        let free = this.#maxBytes - this.#occupied();
        for (const other of this.#tenants) if (other !== tenant) free -= Math.max(other.claimed(), reserved);
        return Math.floor(Math.max(free, Math.min(reserved, FLOOR)));
      },
      freed: () => {
        for (const other of this.#tenants) if (other !== tenant) other.admit();
      },
    };
  }
}
