import { Command, CommanderError, Option } from 'commander';
import { messageOf, visible } from '../printable.js';
import { CODER_OPTIONS } from '../reporters/coder/options.js';
import { PROXY_OPTIONS } from '../server/proxy-options.js';
import { defaultSocketPath, SOCKET_PATH_ENV } from '../socket-path.js';
import { VERSION } from '../telemetry/version.js';
import {
  address,
  byteSize,
  choice,
  count,
  FORMAT_CHOICES,
  fileMode,
  hostNames,
  time,
  timeLimit,
} from './arguments.js';
import { addCaptureCommands } from './capture-commands.js';
import type { DecodeOptions } from './decode.js';
import { ExitCode, errorOutput, type Io, isClosedPipe } from './io.js';
import { LOG_LEVELS } from './program-logger.js';
import { addRetryOptions } from './retry-arguments.js';
import type { SendOptions } from './send.js';
import { type ServeOptions, serve } from './serve.js';
import type { SpoolCommandOptions } from './spool.js';
import { writeText } from './stdout.js';

/**
 * Runs the command line.
 *
 * @param args Without the names of Node and of the program.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage.
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

  const { socketMode, bufferSize, overflow, maxConnections, frameTimeout } = PROXY_OPTIONS;
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

  const serveCommand = program
    .command('serve')
    .description('receive logs, buffer them and forward them to a reporter')
    .addOption(socket())
    .addOption(
      new Option('--socket-mode <mode>', 'permissions of the socket file, in octal')
        .argParser(fileMode('--socket-mode'))
        .default(socketMode.default, `0${socketMode.default.toString(8)}`),
    )
    .addOption(
      new Option('--socket-group <group>', 'group of the socket file: a name from /etc/group, or a number'),
    )
    .addOption(
      new Option('--replace', 'take over from a proxy that listens on the socket').default(
        PROXY_OPTIONS.replace.default,
      ),
    )
    .addOption(
      new Option('--buffer <batches>', 'how many batches the buffer holds')
        .argParser(count('--buffer', { min: 1 }))
        .default(bufferSize.default),
    )
    .addOption(
      new Option('--overflow <what>', 'when the buffer is full: drop the newest batch, or block the senders')
        .argParser(choice('--overflow', 'drop', 'block'))
        .default(overflow.default),
    )
    .addOption(
      new Option(
        '--fair-share',
        'drop the newest batch of a connection that has more than an equal share of the buffer, before the buffer is full',
      ).default(false),
    )
    .addOption(
      new Option('--max-connections <n>', 'how many connections may be open; more are closed at once')
        .argParser(count('--max-connections', { min: 1 }))
        .default(maxConnections.default),
    )
    .addOption(
      new Option(
        '--frame-timeout <seconds>',
        'how many seconds a frame that has begun may take before its connection is closed, or off',
      )
        .argParser(timeLimit('--frame-timeout'))
        .default(frameTimeout.default / 1000),
    )
    .addOption(
      new Option(
        '--idle-timeout <seconds>',
        'how many seconds a sender may be silent before its connection is closed, or off',
      )
        .argParser(timeLimit('--idle-timeout'))
        .default(Number.POSITIVE_INFINITY, 'off'),
    )
    .addOption(
      new Option(
        '--reporter <name>',
        'where to forward the logs: stdout, coder, or null, which only counts them',
      )
        .argParser(choice('--reporter', 'stdout', 'null', 'coder'))
        .default('stdout'),
    )
    .addOption(new Option('--coder-url <url>', 'URL of the Coder deployment').env('CODER_AGENT_URL'))
    .addOption(
      new Option(
        '--coder-token-file <path>',
        'file that contains the agent token; read for each new connection',
      ),
    )
    .addOption(
      new Option(
        '--coder-allow-old',
        'connect to a Coder older than 2.31.1, too; it shows the workspace agent as disconnected when the connection ends',
      ).default(CODER_OPTIONS.allowOldServer.default),
    )
    .addOption(
      new Option('--events-file <path>', 'write events to this file instead of stdout; SIGHUP reopens it'),
    )
    .addOption(format())
    .addOption(new Option('--no-retry', 'drop a batch when the reporter fails, instead of retrying'));
  addRetryOptions(serveCommand)
    .addOption(
      new Option(
        '--spool <dir>',
        'store batches in this directory until they are delivered; survives restarts',
      ),
    )
    .addOption(
      new Option('--spool-max-bytes <size>', 'how many bytes of batches the spool holds')
        .argParser(byteSize('--spool-max-bytes'))
        .default(256 * 2 ** 20, '256MiB'),
    )
    .addOption(
      new Option('--spool-sync', 'sync the spool to disk, so that it survives a power failure, too').default(
        false,
      ),
    )
    .addOption(
      new Option(
        '--record <file>',
        'write the received bytes to a new file, as a capture that decode and replay read',
      ),
    )
    .addOption(
      new Option('--record-max-bytes <size>', 'how many bytes the capture may have')
        .argParser(byteSize('--record-max-bytes'))
        .default(2 ** 30, '1GiB'),
    )
    .addOption(
      new Option('--metrics <address>', 'address that serves /metrics, /healthz and /livez, or off')
        .argParser(address('--metrics'))
        .default({ host: '127.0.0.1', port: 9465 }, '127.0.0.1:9465'),
    )
    .addOption(
      new Option(
        '--allow-host <name>',
        'Host that requests to a loopback --metrics address may name; may be repeated',
      ).argParser(hostNames('--allow-host')),
    )
    .addOption(
      new Option('--drain <seconds>', 'how many seconds to keep forwarding after SIGTERM or SIGINT')
        .argParser(count('--drain', { min: 0, max: 86_400 }))
        .default(8),
    )
    .addOption(
      new Option('--log-level <level>', `level of the program's own log on stderr: ${LOG_LEVELS.join(', ')}`)
        .argParser(choice('--log-level', ...LOG_LEVELS))
        .default('info'),
    )
    .action(async (options: ServeOptions) => onExitCode(await serve(options, io)));

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
    .action(async (folder: string, options: SpoolCommandOptions) => {
      const { spool } = await import('./spool.js');
      onExitCode(await spool(folder, options, io));
    });

  program
    .command('decode')
    .description('write a captured byte stream as text')
    .argument('[file]', 'the capture (default: stdin)')
    .addOption(format())
    .option('--outcomes', 'write one line of JSON per outcome, including rejected frames', false)
    .action(async (file: string | undefined, options: DecodeOptions) => {
      const { decode } = await import('./decode.js');
      onExitCode(await decode(file, options, io));
    });
  addCaptureCommands(program, socket, io, onExitCode);
  return program;
}

/** commander's error contains the arguments as they are. Only its suggestion is on a line of its own. */
function visibleError(text: string): string {
  const [error = '', suggestion = ''] = text.trimEnd().split(/(\n\(Did you mean [^\n]*\))$/);
  return `${visible(error)}${suggestion}\n`;
}
