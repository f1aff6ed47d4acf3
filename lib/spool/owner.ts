import { statSync } from 'node:fs';

/** Gives what root creates in a folder of another user to that user, who could not use it otherwise. */
export function giveToOwnerOf(folder: string, chown: (uid: number, gid: number) => void): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  if (uid !== 0) chown(uid, gid);
}
