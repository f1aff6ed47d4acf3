import { type Command, Option } from 'commander';
import { PROXY_OPTIONS } from '../server/proxy-options.js';
import { byteSize, choice, count, fileMode, replaySpeed } from './arguments.js';
import type { EncodeOptions } from './encode.js';
import type { Io } from './io.js';
import { LOG_LEVELS } from './program-logger.js';
import type { ReplayCommandOptions } from './replay.js';
import type { TapCommandOptions } from './tap.js';

/** Adds the commands for captures, besides `decode`. Their code is loaded when one of them runs. */
export function addCaptureCommands(
  program: Command,
  socket: () => Option,
  io: Io,
  onExitCode: (code: number) => void,
): void {
  const { socketMode, maxConnections } = PROXY_OPTIONS;

  program
    .command('tap')
    .description('stand in front of a receiver: pass everything on as it is, and record it')
    .addOption(
      new Option('--listen <path>', 'path of the Unix socket that senders connect to').makeOptionMandatory(),
    )
    .addOption(new Option('--to <path>', 'path of the Unix socket of the receiver').makeOptionMandatory())
    .addOption(
      new Option('--record <file>', 'write what senders write to this new file').makeOptionMandatory(),
    )
    .addOption(
      new Option('--record-max-bytes <size>', 'how many bytes the capture may have')
        .argParser(byteSize('--record-max-bytes'))
        .default(2 ** 30, '1GiB'),
    )
    .addOption(
      new Option('--socket-mode <mode>', 'permissions of the socket file, in octal')
        .argParser(fileMode('--socket-mode'))
        .default(socketMode.default, `0${socketMode.default.toString(8)}`),
    )
    .addOption(
      new Option('--socket-group <group>', 'group of the socket file: a name from /etc/group, or a number'),
    )
    .addOption(
      new Option('--replace', 'take over from a proxy or a tap that listens on the socket').default(false),
    )
    .addOption(
      new Option('--max-connections <n>', 'how many connections may be open; more are closed at once')
        .argParser(count('--max-connections', { min: 1 }))
        .default(maxConnections.default),
    )
    .addOption(
      new Option('--wait <seconds>', 'how many seconds a sender waits for a receiver that is not there')
        .argParser(count('--wait', { min: 0, max: 86_400 }))
        .default(10),
    )
    .addOption(
      new Option('--drain <seconds>', 'how many seconds to keep passing on after SIGTERM or SIGINT')
        .argParser(count('--drain', { min: 0, max: 86_400 }))
        .default(8),
    )
    .addOption(
      new Option('--log-level <level>', `level of the program's own log on stderr: ${LOG_LEVELS.join(', ')}`)
        .argParser(choice('--log-level', ...LOG_LEVELS))
        .default('info'),
    )
    .action(async (options: TapCommandOptions) => {
      const { tap } = await import('./tap.js');
      onExitCode(await tap(options, io));
    });

  program
    .command('encode')
    .description('turn newline-delimited JSON into a capture, which is written to stdout')
    .argument('[file]', 'the events (default: stdin)')
    .addOption(new Option('--session <uuid>', 'session of the events that do not name one'))
    .addOption(new Option('--process <name>', 'confined process of the events that do not name one'))
    .addOption(new Option('--raw', 'write only the bytes of the connection, without times').default(false))
    .action(async (file: string | undefined, options: EncodeOptions) => {
      const { encode } = await import('./encode.js');
      onExitCode(await encode(file, options, io));
    });

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
