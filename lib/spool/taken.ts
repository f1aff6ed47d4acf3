import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** How many ids the file holds: so many may be on their way out of the store at a time. */
export const TAKEN_SLOTS = 4096;
/** An id and its complement, 6 bytes each, big-endian: a slot that was never written, or is damaged, has no id. */
const SLOT = 12;
const HALF = 6;
const ONES = 2 ** 48 - 1;

/**
 * A file of the ids that were removed last, in slots that are written over in turn.
 *
 * A removal is in the store some writes later, shared with others. What a kill brought back in between would be
 * reported twice. The file is written at once, synchronously: a few bytes that the system then has, whatever
 * becomes of the process. (After a power cut they may be gone: twice, not lost.)
 */
export class Taken {
  readonly #path: string;
  readonly #slots = Buffer.alloc(TAKEN_SLOTS * SLOT);
  #next = 0;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The ids in the file. To be asked before it is opened. */
  read(): number[] {
    let slots: Buffer;
    try {
      slots = readFileSync(this.#path);
    } catch {
      // Not there, or cannot be read: what is in the store counts.
      return [];
    }
    const ids: number[] = [];
    for (let at = 0; at + SLOT <= slots.length; at += SLOT) {
      const id = slots.readUIntBE(at, HALF);
      if (slots.readUIntBE(at + HALF, HALF) === ONES - id) ids.push(id);
    }
    return ids;
  }

  /**
   * Opens the file, or opens it anew, with the ids that were added. Those that it had before are on no disk any
   * more when it returns: ids that are lost in a power cut are given to other batches.
   */
  open(): void {
    this.close();
    this.#fd = openSync(this.#path, 'w', 0o600);
    writeSync(this.#fd, this.#slots, 0, this.#slots.length, 0);
    fsyncSync(this.#fd);
  }

  /**
   * Once it returns, no end of the process takes it back. Where it cannot be written, the removal has to do.
   *
   * @param ids Of what is stored: what is yet to come must not be taken for removed.
   */
  add(ids: readonly number[]): void {
    let from = this.#next;
    for (const id of ids) {
      const at = this.#next * SLOT;
      this.#slots.writeUIntBE(id, at, HALF);
      this.#slots.writeUIntBE(ONES - id, at + HALF, HALF);
      this.#next += 1;
      if (this.#next < TAKEN_SLOTS) continue;
      this.#write(from, this.#next);
      this.#next = from = 0;
    }
    this.#write(from, this.#next);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #write(from: number, before: number): void {
    if (this.#fd === undefined || from === before) return;
    try {
      writeSync(this.#fd, this.#slots, from * SLOT, (before - from) * SLOT, from * SLOT);
    } catch {}
  }
}
