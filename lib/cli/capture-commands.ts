import { type Command, Option } from 'commander';
import { replaySpeed } from './arguments.js';
import type { Io } from './io.js';
import type { ReplayCommandOptions } from './replay.js';

/** Adds the commands for captures, besides `decode`. Their code is loaded when one of them runs. */
export function addCaptureCommands(
  program: Command,
  socket: () => Option,
  io: Io,
  onExitCode: (code: number) => void,
): void {
  program
    .command('replay')
    .description('send a capture to a socket, exactly as it came')
    .argument('[file]', 'the capture (default: stdin)')
    .addOption(socket())
    .addOption(
      new Option('--speed <n>', 'how many times faster than recorded, or max for no delays')
        .argParser(replaySpeed('--speed'))
        .default(1),
    )
    .addOption(
      new Option('--raw', 'send the bytes of the file on one connection, whatever they begin with').default(
        false,
      ),
    )
    .action(async (file: string | undefined, options: ReplayCommandOptions) => {
      const { replay } = await import('./replay.js');
      onExitCode(await replay(file, options, io));
    });
}
