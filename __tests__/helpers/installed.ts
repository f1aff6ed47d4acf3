import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './code-blocks.js';

const exec = promisify(execFile);

export interface Installed {
  readonly tarball: string;
  /** The paths in the tarball. */
  readonly files: string[];
}

/** Installs the package into a folder as a user would: from the tarball, which is packed from dist/. */
export async function installInto(folder: string): Promise<Installed> {
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename, files }] = JSON.parse((await exec('npm', pack, { cwd: ROOT })).stdout);
  const tarball = join(folder, filename);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await exec('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  return { tarball, files: files.map(({ path }: { path: string }) => path) };
}
