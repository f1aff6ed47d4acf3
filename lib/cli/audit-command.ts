import { type Command, Option } from 'commander';
import type { AuditOptions } from './audit.js';
import type { Io } from './io.js';

/** Adds `audit`. Its code is loaded when it runs. */
export function addAuditCommand(program: Command, io: Io, onExitCode: (code: number) => void): void {
  program
    .command('audit')
    .description(
      'report for each session of recorded events whether any are missing; exit code 3 if so, or if that is uncertain',
    )
    .argument('[file...]', 'captures, events as JSON or logfmt, spools, or logs of coderd (default: stdin)')
    .addOption(new Option('--json', 'write lines of JSON').default(false))
    .addOption(
      new Option('--against <file>', 'list the events that this other record of the same sessions lacks'),
    )
    .action(async (files: string[], options: AuditOptions) => {
      const { audit } = await import('./audit.js');
      onExitCode(await audit(files, options, io));
    });
}
