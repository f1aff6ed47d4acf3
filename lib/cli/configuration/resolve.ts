import { messageOf } from '../../printable.js';
import type { Io } from '../io.js';
import { advice, type Entry } from './entry.js';
import { CUSTOM_SOCKET, type Need } from './needs.js';
import type { Row, Table, Values } from './row.js';

/** What `serve` runs with, if nothing is wrong. */
export interface Resolved<Options> {
  readonly options: Options;
  /** What the value of an option comes from; undefined for a default. */
  entryOf(option: keyof Options & string): Entry | undefined;
  /** One message each. If there is one, the options are not complete. */
  readonly problems: readonly string[];
}

export interface Surroundings {
  readonly env: Io['env'];
  /** Whether systemd has passed the socket. */
  readonly passedSocket: boolean;
  /** What is known to be wrong already. */
  readonly problems?: readonly string[];
}

/**
 * Decides the value of each option: the strongest entry, or else the default.
 *
 * @param entries The weakest first.
 */
export function resolve<const Rows extends Table>(
  entries: readonly Entry[],
  table: Rows,
  { env, passedSocket, problems: before = [] }: Surroundings,
): Resolved<Values<Rows>> {
  const problems = [...before];
  const values = new Map<string, unknown>(Object.entries(table).map(([name, row]) => [name, row.default]));
  const winners = new Map<string, Entry>();
  /** The strongest entries that the user meant for this program, whether or not a variable for others wins over them. */
  const meant = new Map<string, Entry>();
  /** What is wrong with a shared variable matters only if it has an effect. */
  const wrongShared = new Map<string, string>();
  for (const entry of entries) {
    const { option, source, isShared } = entry;
    const row = table[option];
    if (row === undefined) continue;
    let value: unknown;
    let wrong: string | undefined;
    try {
      value = row.kind.parse(entry.name, entry.texts);
    } catch (error) {
      wrong = messageOf(error);
    }
    if (!isShared) meant.set(option, entry);
    // A weaker entry is checked, too: it would become effective as soon as the stronger one is removed.
    if (wrong !== undefined && !isShared) problems.push(wrong);
    if (source === 'file' && row.overriddenBy?.some((name) => env[name])) continue;
    wrongShared.delete(option);
    if (wrong !== undefined) wrongShared.set(option, wrong);
    winners.set(option, entry);
    values.set(option, wrong === undefined ? value : row.default);
  }
  // A value that is wrong would make others look like mistakes.
  if (problems.length === 0) {
    for (const [option, { needs }] of Object.entries<Row>(table)) {
      const unmet = needs?.find((need) =>
        need === CUSTOM_SOCKET ? passedSocket : !need.isMet(values.get(need.option), values),
      );
      if (unmet === undefined) continue;
      const mistake = meant.get(option);
      if (mistake !== undefined)
        problems.push(`${mistake.name} has no effect ${reason(unmet, mistake, winners)}`);
      wrongShared.delete(option);
      winners.delete(option);
      values.set(option, table[option]?.default);
    }
    problems.push(...wrongShared.values());
  }
  const options = Object.fromEntries(values) as Values<Rows>;
  return { options, entryOf: (option) => winners.get(option), problems };
}

function reason(need: Need, entry: Entry, winners: ReadonlyMap<string, Entry>): string {
  if (need === CUSTOM_SOCKET) return 'with a socket that systemd passes, because its unit decides that';
  const other = winners.get(need.option);
  if (other !== undefined) return `with ${other.sentence}`;
  return `without ${advice(entry.source, need.option, need.wanted)}`;
}
