import { nextTurn } from '../real-time.js';
import { Queue } from '../streams/queue.js';

/** How long connections are processed in one go before the rest has to wait, in ms. */
const BUDGET_MS = 3;

/**
 * If less than this has arrived meanwhile, it was not one turn of the event loop but several, with pauses. Noticing the
 * end of a turn costs a tenth of what one small batch does.
 */
const BUSY_BYTES = 32_768;

/**
 * How many may wait: somewhat more than 50. Each of them keeps a chunk of 64 KiB. When 1,000 connections at full speed all
 * waited, they took twice the CPU and 120 MB more.
 */
const MAX_WAITING = 64;

/** Whoever may have to wait for a turn. */
export interface Waiter {
  /** Does one step of what it has to do. */
  takeTurn(): void;
}

/**
 * Shares the time of the event loop between connections. Node reads a socket that has data up to 32 times before it looks
 * at the next one, so that 50 busy senders would occupy it for half a second.
 *
 * What arrives is processed at once until that has taken {@link BUDGET_MS}. From then on whoever has much to do waits, and
 * the waiting take turns, one step each, until their budget for this turn of the event loop is used up. What arrives in
 * small pieces never waits. If as many are waiting as may, the others are processed at once, too.
 */
export class Turns {
  readonly #waiting = new Queue<Waiter>();
  /** When what is being processed in one go began. */
  #begun = Number.NEGATIVE_INFINITY;
  /** How many bytes have arrived since then. */
  #bytes = 0;
  /** Whether the end of this turn of the event loop will be noticed, which costs a little. */
  #isArmed = false;
  #isStopped = false;
  #isOver = false;

  /** Whether somebody who has much to do has to wait for a turn. */
  get isOver(): boolean {
    return this.#isOver && this.#waiting.length < MAX_WAITING;
  }

  /** How many are waiting. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Somebody is going to process so many bytes. */
  arrived(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A step was done. @returns whether the rest has to wait. */
  stepped(): boolean {
    const now = performance.now();
    if (now - this.#begun < BUDGET_MS) return this.#waiting.length > 0 && this.#waiting.length < MAX_WAITING;
    if (this.#isStopped) return false;
    if (this.#isArmed) {
      this.#isOver = true;
      return this.isOver;
    }
    // It may be a new turn of the event loop.
    this.#begun = now;
    if (this.#bytes >= BUSY_BYTES) this.#arm();
    this.#bytes = 0;
    return false;
  }

  wait(waiter: Waiter): void {
    if (this.#isStopped) return;
    this.#waiting.push(waiter);
    this.#arm();
  }

  /** Nobody waits any more: those who are waiting have to finish on their own. */
  stop(): void {
    this.#isStopped = true;
    this.#isOver = false;
    while (this.#waiting.length > 0) this.#waiting.shift();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    nextTurn().then(() => this.#serve());
  }

  #serve(): void {
    this.#isOver = false;
    this.#begun = performance.now();
    const hasWaiting = this.#waiting.length > 0;
    try {
      while (this.#waiting.length > 0 && performance.now() - this.#begun < BUDGET_MS) {
        this.#waiting.shift()?.takeTurn();
      }
    } finally {
      // Sockets are read next, with a budget of their own.
      this.#isArmed = false;
      if (hasWaiting) this.#arm();
      this.#isOver = this.#waiting.length > 0;
      this.#begun = performance.now();
    }
  }
}
