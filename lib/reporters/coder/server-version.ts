/** The first version that tells an agent's own connection from others by their role. */
const OLDEST = [2, 31] as const;

/**
 * Whether a Coder of this version lets a second connection be made beside the agent's own.
 *
 * @param version As `/api/v2/buildinfo` has it: `v2.31.0+abc`, `v2.31.0-devel+abc`.
 * @returns undefined where it cannot be told, as of `v0.0.0-devel+abc`, which is a build without a version.
 */
export function isNewEnough(version: unknown): boolean | undefined {
  if (typeof version !== 'string') return undefined;
  const match = /^v?(\d+)\.(\d+)\.\d+(?:[-+].*)?$/.exec(version);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || major + minor === 0) return undefined;
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
