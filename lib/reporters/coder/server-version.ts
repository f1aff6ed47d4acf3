/** The first version that distinguishes the workspace agent's connection from others by their role. */
const OLDEST = [2, 31] as const;

/**
 * Whether this version of Coder supports a second connection besides that of the workspace agent.
 *
 * @param version The version from `/api/v2/buildinfo`, such as `v2.31.0+abc` or `v2.31.0-devel+abc`.
 * @returns undefined if the version does not tell, such as `v0.0.0-devel+abc`, a build without a version.
 */
export function isNewEnough(version: unknown): boolean | undefined {
  if (typeof version !== 'string') return undefined;
  const match = /^v?(\d+)\.(\d+)\.\d+(?:[-+].*)?$/.exec(version);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || major + minor === 0) return undefined;
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
