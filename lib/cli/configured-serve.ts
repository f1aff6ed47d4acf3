import type { Command } from 'commander';
import { escapeUnprintable } from '../printable.js';
import { configurationOf } from './configuration/configuration.js';
import { ExitCode, errorOutput, type Io } from './io.js';
import { explained } from './running-proxy.js';
import { serve } from './serve.js';
import { writeText } from './stdout.js';

/** Runs `serve` if nothing is wrong with its options, or only says so with `--check`. Otherwise it says all that is. */
export async function configuredServe(command: Command, io: Io): Promise<number> {
  let end: number | undefined;
  const offSignal = io.onSignal((signal) => {
    end ??= signal === 'SIGHUP' ? ExitCode.HUNG_UP : ExitCode.DONE;
  });
  const configuration = await configurationOf(command, io).finally(offSignal);
  // Nothing is started.
  if (end !== undefined) return end;
  const { problems, warnings, options } = configuration;
  const output = errorOutput(io);
  for (const problem of problems) output.write(`error: ERR_INVALID_OPTION: ${escapeUnprintable(problem)}\n`);
  if (problems.length > 0) return ExitCode.USAGE;
  if (command.getOptionValue('check') === true) {
    for (const warning of warnings) output.write(`warning: ${escapeUnprintable(warning)}\n`);
    await writeText(io, ['the options are valid\n']);
    return ExitCode.DONE;
  }
  try {
    return await serve(configuration, io);
  } catch (error) {
    const { socket, metrics, replace, source } = options;
    const socketPath = source === undefined ? socket : undefined;
    throw replace ? error : await explained(error, { socketPath, metrics });
  }
}
