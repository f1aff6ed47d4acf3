/** The kinds of identifiers that a segment of a path may be, each with a letter that stands for it. */
const KINDS: readonly (readonly [letter: string, pattern: RegExp])[] = [
  ['n', /^\d+$/],
  ['u', /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i],
  // A hash has both digits and letters, such as that of a commit, perhaps with the name of its algorithm.
  ['h', /^(?:sha\d+[:-])?(?=[\da-f]*\d)(?=[\da-f]*[a-f])[\da-f]{7,128}$/i],
];

/** The kind of a segment that is a number, a UUID or a hash; undefined for everything else. */
export function identifierKind(segment: string): string | undefined {
  return KINDS.find(([, pattern]) => pattern.test(segment))?.[0];
}
