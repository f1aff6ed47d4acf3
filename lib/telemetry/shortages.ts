import type { Logger } from '../logger.js';
import { type Episode, Episodes } from './episode.js';

/** What can be short, by the code of the error, and what to do about it. A closed list. */
const ADVICE = {
  EMFILE: 'this process has no file descriptor left: raise its limit (LimitNOFILE in systemd, ulimit -n)',
  ENFILE: 'this machine has no file descriptor left: raise fs.file-max',
  ENOSPC: 'a disk is full: free some space',
  EDQUOT: 'a disk quota is used up: free some space, or raise it',
  EACCES: 'a permission is missing: restore it',
  EIO: 'a device fails: check the disk',
  ENOMEM: 'this machine has no memory left: free some',
} as const;

/** One of the codes that count as a shortage. */
export type ShortageKind = keyof typeof ADVICE;
export const SHORTAGE_KINDS = Object.keys(ADVICE) as ShortageKind[];

/** Where a shortage was noticed. */
export type ShortagePlace = 'socket' | 'spool';

/** How many causes of an error are looked at. */
const MAX_CAUSES = 5;

/**
 * Counts and reports what the system could not provide. Outages of a reporter and drops have lines of their own, which
 * contain the error, so they are only counted here. For everything else, each kind at each place is an {@link Episode}:
 * one line when it begins, and one when it has not happened for 30 s.
 */
export class Shortages {
  /** How many operations failed, by kind. */
  readonly counts = Object.fromEntries(SHORTAGE_KINDS.map((kind) => [kind, 0])) as Record<
    ShortageKind,
    number
  >;
  readonly #episodes: Episodes;

  constructor(logger: Logger) {
    this.#episodes = new Episodes(logger);
  }

  /**
   * Counts an operation that failed and that another line of the log reports.
   *
   * @returns the kind, if it failed because of a shortage.
   */
  count(error: unknown): ShortageKind | undefined {
    const kind = kindOf(error);
    if (kind !== undefined) this.counts[kind] += 1;
    return kind;
  }

  /** Counts and reports an operation that failed. @returns false if it failed for another reason than a shortage. */
  noticed(place: ShortagePlace, error: unknown): boolean {
    const kind = this.count(error);
    if (kind === undefined) return false;
    this.#episode(place, kind).happened({ failures: 1 }, { err: error });
    return true;
  }

  /** Ends all episodes. Each writes its last line. */
  end(): void {
    this.#episodes.end();
  }

  #episode(place: ShortagePlace, kind: ShortageKind): Episode {
    const advice = ADVICE[kind];
    const texts = {
      started: `a shortage: ${advice}`,
      continues: `the shortage continues: ${advice}`,
      ended: 'the shortage is over',
    };
    return this.#episodes.named(`${place} ${kind}`, texts, { place, kind });
  }
}

/** The kind of shortage that an error, or what caused it, stands for. */
function kindOf(error: unknown): ShortageKind | undefined {
  let cause = error;
  for (let i = 0; i < MAX_CAUSES && cause instanceof Error; i++) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && Object.hasOwn(ADVICE, code)) return code as ShortageKind;
    cause = cause.cause;
  }
  return undefined;
}
