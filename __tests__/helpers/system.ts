import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, test } from '@jest/globals';
import { MAIN } from './processes.js';
import { tempPaths } from './temp.js';

const run = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

/** A user. But for root, no process and no file belongs to one of these outside a test. */
export interface User {
  uid: number;
  gid: number;
}
export const ROOT: User = { uid: 0, gid: 0 };
export const SERVICE: User = { uid: 64_001, gid: 64_001 };
export const STRANGER: User = { uid: 64_002, gid: 64_002 };

/** A command that becomes another one, as another user. Whoever runs it must be root. */
export function as({ uid, gid }: User, groups: number[] = []): string[] {
  const more = groups.length === 0 ? ['--clear-groups'] : [`--groups=${groups}`];
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...more, '--'];
}

/** A command that becomes another one, with a umask. */
export const withUmask = (umask: string) => ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];

export class Mounts {
  readonly #mounted: string[] = [];

  /** A file system in memory on a new folder. */
  tmpfs(folder: string, options: string): void {
    mkdirSync(folder);
    this.#mount(folder, '-t', 'tmpfs', '-o', options, 'none', folder);
  }

  /** A second path of the same folder. */
  bind(folder: string, other: string, options = 'bind'): void {
    mkdirSync(other);
    this.#mount(other, '--bind', folder, other);
    if (!run('mount', '-o', `remount,bind,${options}`, other)) throw new Error(`cannot remount ${other}`);
  }

  unmountAll(): void {
    for (const folder of this.#mounted.splice(0).reverse()) run('umount', '-l', folder);
  }

  #mount(folder: string, ...args: string[]): void {
    if (!run('mount', ...args)) throw new Error(`cannot mount ${folder}`);
    this.#mounted.push(folder);
  }
}

/** Makes mounts, which are gone after each test. */
export function mounts(): Mounts {
  const made = new Mounts();
  afterEach(() => made.unmountAll());
  return made;
}

/** Bytes that are used in a file system, at one moment. */
export function usedIn(folder: string): number {
  const { blocks, bfree, bsize } = statfsSync(folder);
  return (blocks - bfree) * bsize;
}

/** Lets all users enter a folder of {@link tempPaths}, which contains this path. */
export function openToAll(path: string): void {
  chmodSync(dirname(path), 0o755);
}

/** The path of a socket, in a new folder of a user. */
export function socketOf({ uid, gid }: User, folder: string): string {
  openToAll(folder);
  mkdirSync(folder);
  chownSync(folder, uid, gid);
  return join(folder, 's');
}

/** Why something of the system cannot be used here; undefined if it can. */
export const MISSING = {
  mounts: missingMounts(),
  users: run(...(as(SERVICE) as [string]), 'test', '-x', process.execPath, '-a', '-r', MAIN)
    ? undefined
    : 'it needs root, and a checkout that all users can read',
  namespaces: run('unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'true')
    ? undefined
    : 'no process namespace can be made here',
};

function missingMounts(): string | undefined {
  const probe = new Mounts();
  const path = tempPaths();
  try {
    const folder = path();
    probe.tmpfs(folder, 'size=64k');
    probe.bind(folder, path());
    return undefined;
  } catch {
    return 'nothing can be mounted here';
  } finally {
    probe.unmountAll();
  }
}

/** `test`, or, if something is missing, `test.skip` with the reason in the name. */
export function testUnless(...missing: (string | undefined)[]) {
  const reason = missing.find((one) => one !== undefined);
  return (name: string, run: () => Promise<void>, deadlineMs?: number): void => {
    if (reason === undefined) test(name, run, deadlineMs);
    else test.skip(`${name} (skipped: ${reason})`, run, deadlineMs);
  };
}
