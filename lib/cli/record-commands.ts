import { type Command, Option } from 'commander';
import { LEVELS } from '../rules/level.js';
import { choice } from './arguments.js';
import type { Io } from './io.js';
import type { RulesOptions } from './rules.js';
import type { SummaryOptions } from './summary.js';

const FILES = 'captures, events as JSON or logfmt, spools, or logs of coderd (default: stdin)';

/** Adds the commands that read recorded events. Their code is loaded when one of them runs. */
export function addRecordCommands(program: Command, io: Io, onExitCode: (code: number) => void): void {
  program
    .command('rules')
    .description('suggest the allow rules of boundary that would have allowed what was denied')
    .argument('[file...]', FILES)
    .addOption(new Option('--all', 'include events that boundary allowed').default(false))
    .addOption(
      new Option(
        '--by <level>',
        `what each rule names: ${LEVELS.join(', ')}; method includes the domain, and path includes both`,
      )
        .argParser(choice('--by', ...LEVELS))
        .default('path'),
    )
    .addOption(
      new Option(
        '--yaml',
        'write the rules for the configuration file of boundary, not as --allow flags',
      ).default(false),
    )
    .addOption(new Option('--json', 'write the rules as one line of JSON').default(false).conflicts('yaml'))
    .addOption(
      new Option(
        '--check <rule>',
        'suggest nothing, and list the events that this rule would allow; may be repeated',
      )
        .argParser((rule: string, others: string[] | undefined) => [...(others ?? []), rule])
        .conflicts(['by', 'yaml']),
    )
    .action(async (files: string[], options: RulesOptions) => {
      const { rules } = await import('./rules.js');
      onExitCode(await rules(files, options, io));
    });

  program
    .command('summary')
    .description('count recorded events by host, session, process and decision')
    .argument('[file...]', FILES)
    .addOption(new Option('--json', 'write the summary as one line of JSON').default(false))
    .action(async (files: string[], options: SummaryOptions) => {
      const { summary } = await import('./summary.js');
      onExitCode(await summary(files, options, io));
    });
}
