import { Command, CommanderError, Option } from 'commander';
import { messageOf, visible } from '../printable.js';
import { defaultSocketPath, SOCKET_PATH_ENV } from '../socket-path.js';
import { VERSION } from '../telemetry/version.js';
import { choice, count, FORMAT_CHOICES, time } from './arguments.js';
import { addAuditCommand } from './audit-command.js';
import { addCaptureCommands } from './capture-commands.js';
import { addFlags, helpAfter } from './configuration/flags.js';
import { SERVE_OPTIONS } from './configuration/serve-options.js';
import { configuredServe } from './configured-serve.js';
import type { DecodeOptions } from './decode.js';
import { ExitCode, errorOutput, type Io, isClosedPipe } from './io.js';
import { addRecordCommands } from './record-commands.js';
import type { SendOptions } from './send.js';
import type { SpoolCommandOptions } from './spool.js';
import { writeText } from './stdout.js';
import { viewOptions } from './view.js';

/**
 * Runs the command line.
 *
 * @param args Without the names of Node and of the program.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 events are missing.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = ExitCode.DONE;
  let help = '';
  // Each write has a callback that handles its error.
  io.stdout.on('error', () => undefined);
  const setExitCode = (code: number) => {
    exitCode = code;
  };
  const program = build(io, setExitCode, (text) => {
    help += text;
  });
  try {
    try {
      await program.parseAsync([...args], { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      // commander has already said what was wrong.
      exitCode = error.exitCode === 0 ? ExitCode.DONE : ExitCode.USAGE;
    }
    await writeText(io, [help]);
    return exitCode;
  } catch (error) {
    if (isClosedPipe(error)) return exitCode;
    const { code } = error as NodeJS.ErrnoException;
    errorOutput(io).write(`error: ${code === undefined ? '' : `${code}: `}${messageOf(error)}\n`);
    return code === 'ERR_INVALID_OPTION' ? ExitCode.USAGE : ExitCode.FAILED;
  }
}

/** The commands and their options. */
export function build(
  io: Io,
  onExitCode: (code: number) => void,
  writeOut: (text: string) => void = () => undefined,
): Command {
  const program = new Command('boundary-log-proxy')
    .description("Receives boundary's audit logs over a Unix socket and forwards them.")
    .version(VERSION)
    .configureOutput({
      writeOut,
      writeErr: (text) => errorOutput(io).write(text),
      outputError: (text, write) => write(visibleError(text)),
    })
    .exitOverride()
    .showHelpAfterError('(--help lists the options)');

  const socket = () =>
    new Option('--socket <path>', 'path of the Unix socket')
      .env(SOCKET_PATH_ENV)
      .default(defaultSocketPath());
  const format = () =>
    new Option(
      '--format <format>',
      `${FORMAT_CHOICES.join(', ')}; auto means pretty on a terminal, otherwise json`,
    )
      .argParser(choice('--format', ...FORMAT_CHOICES))
      .default('auto');

  const serving = program
    .command('serve')
    .description('receive logs, buffer them and forward them to a reporter')
    .addOption(
      new Option(
        '--config <file>',
        'YAML file with these options; flags and environment variables win over it',
      ),
    )
    .addOption(new Option('--check', 'say whether all options are valid, and start nothing'));
  addFlags(serving, SERVE_OPTIONS);
  serving
    .addHelpText('after', helpAfter(SERVE_OPTIONS))
    .action(async (_options: object, command: Command) => onExitCode(await configuredServe(command, io)));

  program
    .command('send')
    .description('send events to the socket: newline-delimited JSON from stdin, or generated samples')
    .addOption(socket())
    .addOption(
      new Option('--sample <n>', 'send N sample events instead of reading stdin').argParser(
        count('--sample', { min: 1 }),
      ),
    )
    .addOption(
      new Option('--session <uuid>', 'session of the events that do not name one (default: a new UUID)'),
    )
    .addOption(new Option('--process <name>', 'confined process of the events that do not name one'))
    .addOption(
      new Option(
        '--wait <seconds>',
        'how many seconds to wait for a proxy that is not there or restarts (default: 30 if stdin is a pipe, else 0)',
      ).argParser(count('--wait', { min: 0, max: 86_400 })),
    )
    .action(async (options: SendOptions) => {
      // What serve does not need is loaded later, so that it listens sooner.
      const { send } = await import('./send.js');
      onExitCode(await send(options, io));
    });

  program
    .command('spool')
    .description('show what is in a spool, also while a proxy uses it')
    .argument('<dir>', 'the folder')
    .addOption(new Option('--export', 'write its events as newline-delimited JSON instead').default(false))
    .addOption(
      new Option('--export-capture', 'write its batches as a capture instead')
        .default(false)
        .conflicts('export'),
    )
    .addOption(
      new Option('--verify', 'read everything, and list what is damaged')
        .default(false)
        .conflicts(['export', 'exportCapture']),
    )
    .addOption(
      new Option('--repair', 'drop what is damaged; no proxy may use the spool')
        .default(false)
        .conflicts(['export', 'exportCapture', 'verify']),
    )
    .addOption(
      new Option('--drop-before <time>', 'drop what was received before; no proxy may use the spool')
        .argParser(time('--drop-before'))
        .conflicts(['export', 'exportCapture', 'verify']),
    )
    .addOption(new Option('--reporter <name>', 'only the part of this reporter, if there are several'))
    .action(async (folder: string, options: SpoolCommandOptions) => {
      const { spool } = await import('./spool.js');
      onExitCode(await spool(folder, options, io));
    });

  const decoding = program
    .command('decode')
    .description('write a captured byte stream as text')
    .argument('[file]', 'the capture (default: stdin)')
    .addOption(format())
    .addOption(
      new Option('--outcomes', 'write one line of JSON per outcome, including rejected frames')
        .default(false)
        .conflicts(['only', 'host', 'session']),
    )
    .action(async (file: string | undefined, options: DecodeOptions) => {
      const { decode } = await import('./decode.js');
      onExitCode(await decode(file, options, io));
    });
  for (const option of viewOptions()) decoding.addOption(option);
  addAuditCommand(program, io, onExitCode);
  addCaptureCommands(program, socket, io, onExitCode);
  addRecordCommands(program, io, onExitCode);
  return program;
}

/** commander's error contains the arguments as they are. Only its suggestion is on a line of its own. */
function visibleError(text: string): string {
  const [error = '', suggestion = ''] = text.trimEnd().split(/(\n\(Did you mean [^\n]*\))$/);
  return `${visible(error)}${suggestion}\n`;
}
