import { join } from 'node:path';

/** The reporter whose spool is the folder itself. */
export const MAIN = 'main';

/** The folder, inside of the spool's folder, that contains those of all other reporters. */
export const REPORTERS = 'reporters';

/** Where the batches for a reporter are stored. What is not a valid path stays as it is, and is refused later. */
export function folderOf(folder: string, reporter: string): string {
  return reporter === MAIN || typeof folder !== 'string' || folder === ''
    ? folder
    : join(folder, REPORTERS, reporter);
}
