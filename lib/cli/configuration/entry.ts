import { nearest } from '../../../codec/unknown-name.js';
import { token } from '../../printable.js';
import { keyOf, variableOf } from './row.js';

/** Where options are set, the weakest first. */
export type Source = 'file' | 'environment' | 'flag';

/** One option that a user has set. */
export interface Entry {
  readonly option: string;
  /** Its value as text; several if it was repeated. */
  readonly texts: readonly string[];
  readonly source: Source;
  /** What was set, as the user wrote it: `--buffer`, `BOUNDARY_LOG_PROXY_BUFFER`, or `/etc/proxy.yaml:3: buffer`. */
  readonly name: string;
  /** The same with its value, for a sentence: `--buffer 10`, or `buffer: 10 in /etc/proxy.yaml:3`. */
  readonly sentence: string;
  /**
   * Whether its variable is meant for other programs, too. Such a variable may have no effect here without being a
   * mistake.
   */
  readonly isShared?: true;
}

/** An option that a user has not set, as one would set it in the same place. */
export function advice(source: Source, option: string, value?: string): string {
  switch (source) {
    case 'flag':
      return `--${keyOf(option)}${value === undefined ? '' : ` ${value}`}`;
    case 'environment':
      return `${variableOf(option)}${value === undefined ? '' : `=${value}`}`;
    case 'file':
      return `${keyOf(option)}${value === undefined ? '' : `: ${value}`}`;
  }
}

/** What the sources contain, and what is wrong with them: one message each. */
export interface Read {
  readonly entries: readonly Entry[];
  readonly problems: readonly string[];
}

/** A longer name would hide the rest of the message. */
const MAX_NAME = 64;

/** Says that a name is not known, and which one may be meant. */
export function unknown(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const shown = token(name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name);
  return `unknown ${what} ${shown}${meant === undefined ? '' : `: did you mean ${meant}?`}`;
}
