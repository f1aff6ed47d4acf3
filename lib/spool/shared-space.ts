/** How much of its equal share is reserved for each part. */
const RESERVED = 1 / 4;
/** So much each part may always use, or what is reserved for it if that is less: also if others have used it all before. */
const FLOOR = 1 << 20;

/** A spool that shares the space of a folder with others. */
export interface Tenant {
  /** How many bytes it uses, or must be able to use at any time. */
  claimed(): number;
  /** There may be more space for it. */
  admit(): void;
}

/** What a spool shares with the others in its folder. */
export interface Shared {
  readonly space: SharedSpace;
  /** Called when it has its lock, before anything is read or stored. */
  onLocked(): Promise<void>;
}

/** What one tenant knows of the shared space. */
export interface Share {
  /** How many bytes it may use at most, if the others use nothing. */
  readonly most: number;
  /** The part of the space that it would have if all had the same. Its segments have a size for that. */
  readonly equal: number;
  /** How many bytes it may use now. */
  limit(): number;
  /** It uses less than before. */
  freed(): void;
}

/**
 * Divides the space of one folder between the spools in it. A quarter of its equal share is reserved for each; the rest
 * is for whichever needs it first. So one spool that is full leaves space for the others, and yet it may use most of the
 * space if it is the only one that needs it.
 */
export class SharedSpace {
  readonly #maxBytes: number;
  readonly #n: number;
  readonly #occupied: () => number;
  readonly #tenants: Tenant[] = [];

  /**
   * @param n How many tenants there will be.
   * @param occupied How many bytes are in use besides, which no tenant can free.
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
