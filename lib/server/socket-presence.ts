import { lstatSync } from 'node:fs';

/** Whether there is a socket at a path. If that cannot be found out, there is no reason to deny it. */
export function hasSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
