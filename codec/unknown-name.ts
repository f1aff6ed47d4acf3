import { shown } from './shown.js';

/** A longer name is not compared with the known ones. */
const MAX_LENGTH = 64;
/** By how many characters a name may differ from the one that it stands for, and how much of it must be the same. */
const MAX_DISTANCE = 3;
const MIN_SIMILARITY = 0.4;

/**
 * Says that a name is not known, which names are, and which of them is nearest.
 *
 * @param what What the name is of: an option, a field, a route.
 */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const hint = nearest(name, known);
  return [
    `got the unknown ${what} ${shown(name)}, expected ${known.length === 0 ? 'none' : known.join(', ')}`,
    ...(hint === undefined ? [] : [`did you mean ${hint}?`]),
  ].join(': ');
}

/** The known name that an unknown one most likely stands for. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const given = plain(name);
  if (given.length < 2 || given.length > MAX_LENGTH) return undefined;
  return (
    // Such as session_id, socket for socketPath, and batches for maxBatches.
    known.find((other) => plain(other) === given) ??
    known.find((other) => plain(other).startsWith(given) || given.startsWith(plain(other))) ??
    closest(given, known) ??
    known.find((other) => plain(other).includes(given))
  );
}

function closest(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = MAX_DISTANCE + 1;
  for (const other of known) {
    const away = distance(given, plain(other));
    const length = Math.max(given.length, other.length);
    if (away >= least || (length - away) / length <= MIN_SIMILARITY) continue;
    best = other;
    least = away;
  }
  return best;
}

/** A name without what differs between the ways to write it: camelCase, snake_case, kebab-case. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_\-\s]/g, '');
}

/** How many characters must be added, removed or replaced to make one text of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
