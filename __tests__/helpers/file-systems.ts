import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterEach } from '@jest/globals';
import { tempPaths } from './temp.js';

const run = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

/** Mounts small file systems in memory until the end of a test. Undefined if that is not allowed. */
export function fileSystems(): ((folder: string, options: string) => void) | undefined {
  const mounted: string[] = [];
  const unmount = () => mounted.splice(0).every((folder) => run('umount', '-l', folder));
  const mount = (folder: string, options: string) => {
    mkdirSync(folder, { recursive: true });
    if (!run('mount', '-t', 'tmpfs', '-o', options, 'none', folder)) return false;
    mounted.push(folder);
    return true;
  };
  afterEach(() => void unmount());
  if (!(mount(tempPaths()(), 'size=64k') && unmount())) return undefined;
  return (folder, options) => {
    if (!mount(folder, options)) throw new Error(`cannot mount ${folder}`);
  };
}
