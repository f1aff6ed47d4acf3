/** What is buffered and forwarded: a LogBatch, or what an own protocol has in its place. */
export interface Batch {
  /** How many logs are in it. */
  readonly count: number;
  /** Its bytes: their length is what it takes of `maxBytes`. */
  readonly raw: Uint8Array;
  /** Lets go of the chunk that `raw` is a view of. */
  detach?(): void;
}

/** A number of batches, and of the logs in them. */
export interface Amount {
  /** How many batches. */
  batches: number;
  /** How many logs are in these batches. */
  logs: number;
}
