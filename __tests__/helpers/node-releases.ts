import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A release of Node with which the package has to work. */
export interface Release {
  readonly name: string;
  readonly program: string;
  /** Why its tests are skipped; undefined if they run. */
  readonly missing: string | undefined;
}

/** The oldest release that is supported, those with long-term support, and the newest. */
const NAMES = ['20', '22', '24', 'latest'];

/** `.ci/run` installs the releases into folders below this one. */
const { NODE_RELEASES: folder = '' } = process.env;

export const RELEASES: readonly Release[] = NAMES.map((name) => {
  if (process.versions.node.startsWith(`${name}.`)) {
    return { name, program: process.execPath, missing: undefined };
  }
  const program = join(folder, name, 'node_modules/node/bin/node');
  const isThere = folder !== '' && existsSync(program);
  return { name, program, missing: isThere ? undefined : 'NODE_RELEASES has no folder with it' };
});
