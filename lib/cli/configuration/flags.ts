import { type Command, Option } from 'commander';
import { token } from '../../printable.js';
import type { Entry } from './entry.js';
import { defaultOf, flagOf, keyOf, type Table, variableOf } from './row.js';

/** Adds the flags of a table to a command. commander only collects their texts. */
export function addFlags(command: Command, table: Table): void {
  for (const [name, row] of Object.entries(table)) {
    if (row.isFileOnly) continue;
    const flag = flagOf(name, row);
    if (row.takes === undefined) {
      command.addOption(new Option(flag, row.doc).default(row.default));
      // The opposite, for those who want to override a variable or the file.
      const opposite = row.default === true ? `--${keyOf(name)}` : `--no-${keyOf(name)}`;
      command.addOption(new Option(opposite).hideHelp());
      continue;
    }
    const takes = row.alone === undefined ? `<${row.takes}>` : `[${row.takes}]`;
    const option = new Option(`${flag} ${takes}`, row.doc).preset(row.alone);
    if (row.default !== undefined) option.default(row.default, defaultOf(row));
    if (row.kind.isList) {
      // commander begins with the default.
      option.argParser((text, before: readonly string[] = []) =>
        before === row.default ? [text] : [...before, text],
      );
    }
    command.addOption(option);
  }
}

/** The options that were given as flags. */
export function readFlags(command: Command, table: Table): readonly Entry[] {
  return Object.keys(table).flatMap((option): Entry[] => {
    if (command.getOptionValueSource(option) !== 'cli') return [];
    const value: string | readonly string[] | boolean = command.getOptionValue(option);
    const texts = Array.isArray(value) ? value : [String(value)];
    const name = value === false ? `--no-${keyOf(option)}` : `--${keyOf(option)}`;
    const sentence = typeof value === 'boolean' ? name : `${name} ${texts.map(token).join(' ')}`;
    return [{ option, texts, source: 'flag', name, sentence }];
  });
}

/** What `--help` says below the flags. */
export function helpAfter(table: Table): string {
  const fileOnly = Object.keys(table).filter((option) => table[option]?.isFileOnly);
  return `
Each option but --check is also an environment variable, such as
${variableOf('spoolMaxBytes')}=1GiB, and, without its dashes, a key of
the file that --config names. Flags win over variables, and variables win over
the file. These keys are only in the file:
${fileOnly.map((option) => `  ${keyOf(option)}`).join('\n')}
`;
}
