import { Command } from 'commander';
import { readEnvironment } from '../../lib/cli/configuration/environment.js';
import { addFlags, readFlags } from '../../lib/cli/configuration/flags.js';
import { type Resolved, resolve } from '../../lib/cli/configuration/resolve.js';
import { SERVE_OPTIONS, type ServeOptions } from '../../lib/cli/configuration/serve-options.js';
import { readYaml } from '../../lib/cli/configuration/yaml-file.js';

export interface Given {
  /** The text of the file `/f`. */
  file?: string;
  env?: Record<string, string>;
  flags?: string[];
}

/** What `serve` makes of a file, an environment and flags. */
export function resolved({ file = '#', env = {}, flags = [] }: Given): Resolved<ServeOptions> {
  const command = new Command().exitOverride();
  addFlags(command, SERVE_OPTIONS);
  command.parse(flags, { from: 'user' });
  const { entries, problems } = readYaml(file, '/f', SERVE_OPTIONS);
  const environment = readEnvironment(env, SERVE_OPTIONS);
  const all = [...entries, ...environment.entries, ...readFlags(command, SERVE_OPTIONS)];
  return resolve(all, SERVE_OPTIONS, { env, passedSocket: env.LISTEN_FDS !== undefined, problems });
}

export function resolvedFlags(...flags: string[]): Resolved<ServeOptions> {
  return resolved({ flags });
}
