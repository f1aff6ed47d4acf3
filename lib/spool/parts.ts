import type { Disk } from './disk.js';
import { codeOf, ifThere } from './files.js';
import { isSpool } from './inspection.js';

/** The folder inside the spool's folder that contains the parts of all reporters but one. */
const REPORTERS = 'reporters';
/** An empty file. Its name says whose part is in the folder itself. */
const OWNER = /^reporter\.([a-z0-9-]{1,32})$/;
const NAME = /^[a-z0-9-]{1,32}$/;
/** The library's name for a single reporter: the owner of the folder itself, if no file names another one. */
const UNNAMED = 'main';

/** What is stored for one reporter: a complete spool. */
export interface Part {
  readonly reporter: string;
  readonly folder: string;
}

/**
 * The reporter whose part is in the folder itself; undefined if no proxy with several reporters has used it.
 *
 * @throws the errors of the file system.
 */
export function ownerOf(disk: Disk, folder: string): string | undefined {
  return (
    namesIn(disk, folder)
      .flatMap((name) => OWNER.exec(name)?.[1] ?? [])
      // If somebody has created a second one, always the same one counts.
      .sort()[0]
  );
}

/** Stores whose part is in the folder itself. @throws the errors of the file system. */
export function setOwner(disk: Disk, folder: string, reporter: string): void {
  disk.open(`${folder}/reporter.${reporter}`, 'create').close();
}

export function partFolder(folder: string, reporter: string, owner: string): string {
  return reporter === owner ? folder : `${folder}/${REPORTERS}/${reporter}`;
}

/**
 * The parts in a folder, whether a proxy uses them or not. The folder itself comes first.
 *
 * @throws the errors of the file system.
 */
export function partsIn(disk: Disk, folder: string): Part[] {
  const reporter = ownerOf(disk, folder) ?? UNNAMED;
  const others = namesIn(disk, `${folder}/${REPORTERS}`)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => ({ reporter: name, folder: `${folder}/${REPORTERS}/${name}` }));
  return [{ reporter, folder }, ...others].filter((part) => {
    return namesIn(disk, part.folder).length > 0 && isSpool(disk, part.folder);
  });
}

/** How many bytes the files of a part have. @throws the errors of the file system. */
export function bytesIn(disk: Disk, part: Part): number {
  let bytes = 0;
  for (const folder of ['', '/damaged', '/quarantine'].map((name) => part.folder + name)) {
    for (const name of namesIn(disk, folder)) {
      try {
        bytes += disk.sizeOf(`${folder}/${name}`);
      } catch (error) {
        // The name is a folder or a socket, or somebody has just deleted it.
        if (!['ELOOP', 'ENOENT'].includes(codeOf(error))) throw error;
      }
    }
  }
  return bytes;
}

/** The names in a folder. There are none if it does not exist, or is not a folder. */
function namesIn(disk: Disk, folder: string): string[] {
  try {
    return ifThere(() => disk.list(folder)) ?? [];
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
