import { token } from '../../printable.js';
import type { Io } from '../io.js';
import { type Entry, unknown } from './entry.js';
import { keyOf, PREFIX, type Table, variableOf } from './row.js';

/** The file, which is not an option of itself. */
export const CONFIG_VARIABLE = `${PREFIX}CONFIG`;

/**
 * What Kubernetes sets in each container for a Service, here after the prefix: for one with the name `boundary-log-proxy`,
 * or with a name that begins like that. No option has such a name.
 */
export const OF_KUBERNETES =
  /^(.+_)?(SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Reads the variables of the options. Unknown ones are only warnings, because others may have set them. */
export function readEnvironment(
  env: Io['env'],
  table: Table,
): { entries: readonly Entry[]; warnings: readonly string[] } {
  const entries: Entry[] = [];
  const known = new Set([CONFIG_VARIABLE]);
  for (const [option, { kind, sharedVariable, isFileOnly }] of Object.entries(table)) {
    if (isFileOnly) continue;
    const variable = variableOf(option);
    known.add(variable);
    // The stronger one last. To other programs, an empty variable is not set.
    for (const name of [sharedVariable, variable]) {
      const value = name === undefined ? undefined : env[name];
      const isShared = name !== variable;
      if (name === undefined || value === undefined || (isShared && value === '')) continue;
      const texts = kind.isList ? value.split(',').map((text) => text.trim()) : [value];
      const sentence = `${name}=${token(value)}`;
      const entry = { option, texts, source: 'environment', name, sentence } as const;
      entries.push(isShared ? { ...entry, isShared } : entry);
    }
  }
  const warnings = Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name))
    .sort()
    .map((name) => warningOf(name, [...known], table));
  return { entries, warnings };
}

function warningOf(name: string, known: readonly string[], table: Table): string {
  const rest = name.slice(PREFIX.length);
  if (OF_KUBERNETES.test(rest))
    return `${token(name)} is not an option; Kubernetes sets it for a Service, unless the pod has enableServiceLinks: false`;
  const option = Object.keys(table).find((option) => variableOf(option) === name);
  if (option !== undefined) return `${name} has no effect: set ${keyOf(option)} in the file of --config`;
  return unknown('variable', name, known);
}
