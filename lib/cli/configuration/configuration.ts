import type { Command } from 'commander';
import { messageOf } from '../../printable.js';
import type { Io } from '../io.js';
import { type ConfigText, readConfigFile } from './config-file.js';
import type { Read } from './entry.js';
import { CONFIG_VARIABLE, readEnvironment } from './environment.js';
import { readFlags } from './flags.js';
import { missing } from './preconditions.js';
import { type Resolved, resolve } from './resolve.js';
import { SERVE_OPTIONS, type ServeOptions } from './serve-options.js';

/** The options of `serve`, and what there is to say about them. */
export interface Configuration extends Resolved<ServeOptions> {
  /** What is ignored or unsafe, and perhaps a mistake, but does not prevent the start. */
  readonly warnings: readonly string[];
}

/**
 * Reads the file, the environment and the flags of `serve`. It opens nothing but files with options, groups and tokens.
 *
 * @throws an error with another code than ERR_INVALID_OPTION if the file cannot be read now, but perhaps later.
 */
export async function configurationOf(command: Command, { env }: Pick<Io, 'env'>): Promise<Configuration> {
  const file = await readFile(command, env);
  const environment = readEnvironment(env, SERVE_OPTIONS);
  const entries = [...file.entries, ...environment.entries, ...readFlags(command, SERVE_OPTIONS)];
  const surroundings = { env, passedSocket: env.LISTEN_FDS !== undefined, problems: file.problems };
  const resolved = resolve(entries, SERVE_OPTIONS, surroundings);
  const warnings = [...file.warnings, ...environment.warnings];
  if (resolved.problems.length > 0) return { ...resolved, warnings };
  const problems = [...missing(resolved, { env })];
  if (resolved.options.reporter.includes('otlp')) {
    // Loaded only with this reporter, so that serve listens sooner without it.
    const { readOtlpVariables } = await import('./otlp-variables.js');
    const otlp = readOtlpVariables(env);
    problems.push(...otlp.problems);
    warnings.push(...otlp.warnings);
  }
  return { ...resolved, problems, warnings };
}

async function readFile(command: Command, env: Io['env']): Promise<Read & Pick<ConfigText, 'warnings'>> {
  const flag: string | undefined = command.getOptionValue('config');
  const path = flag ?? env[CONFIG_VARIABLE];
  if (path === undefined) return { entries: [], problems: [], warnings: [] };
  try {
    const { text, warnings } = await readConfigFile(flag === undefined ? CONFIG_VARIABLE : '--config', path);
    // Loaded only with a file, so that serve listens sooner without one.
    const { readYaml } = await import('./yaml-file.js');
    return { ...readYaml(text, path, SERVE_OPTIONS), warnings };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_OPTION') throw error;
    return { entries: [], problems: [messageOf(error)], warnings: [] };
  }
}
