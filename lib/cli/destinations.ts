import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import type { Logger } from 'pino';
import { onAbort } from '../abort.js';
import type { Reporter } from '../forwarding/reporter.js';
import { isNatsUrl } from '../nats/servers.js';
import { nullReporter } from '../reporters/null.js';
import { SocketReporter } from '../reporters/socket.js';
import { TextReporter } from '../reporters/text.js';
import type { RunForwarderOptions } from '../server/proxy-options.js';
import { socketOf } from './arguments.js';
import type { ServeOptions } from './configuration/serve-options.js';
import type { EventsFile } from './events-file.js';
import { type Io, isClosedPipe } from './io.js';
import { retryFrom } from './retry-arguments.js';
import { screenOf, viewOf } from './view.js';

/** One of the destinations of `serve`: a value of `--reporter`. */
export interface Destination {
  /** Its name in the log, the metrics and the spool. */
  readonly name: string;
  readonly kind: 'stdout' | 'null' | 'coder' | 'otlp' | 'nats' | 'socket';
  readonly reporter: Reporter;
  readonly run: RunForwarderOptions;
}

/**
 * The name of a reporter. The name of a socket depends only on its path, and that of NATS on nothing. So if the order of the
 * reporters or the hosts of a cluster change, none receives the batches in the spool of another one.
 */
export function nameOf(reporter: string): string {
  if (isNatsUrl(reporter)) return 'nats';
  const given = socketOf(reporter);
  if (given === undefined) return reporter;
  const path = resolve(given);
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 8);
  const base = basename(path, '.sock')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  return `socket-${base.slice(0, 16)}-${hash}`;
}

function kindOf(reporter: string): Destination['kind'] {
  if (isNatsUrl(reporter)) return 'nats';
  return socketOf(reporter) === undefined ? (reporter as 'stdout' | 'null' | 'coder' | 'otlp') : 'socket';
}

/** How many batches wait for an export, or are part of one, which contains as many of them as its limits allow. */
const OTLP_BATCHES = 256;

/** How the reporter `stdout` writes. */
export interface Stdout {
  /** Decides what happens when stdout has no reader any more. */
  readonly end: { onStdoutError(error: Error): void };
  /** The file that receives the events instead. */
  readonly events: EventsFile | undefined;
}

/**
 * Creates the reporters.
 *
 * @param tokenFileName What to call the option with the file of the token in messages.
 * @throws ERR_INVALID_OPTION
 */
export async function destinations(
  options: ServeOptions,
  io: Io,
  logger: Logger,
  stdout: Stdout,
  tokenFileName?: string,
): Promise<Destination[]> {
  const { reporter: reporters } = options;
  return Promise.all(
    reporters.map(async (value): Promise<Destination> => {
      const name = nameOf(value);
      const kind = kindOf(value);
      const run = {
        name,
        graceMs: Math.round(options.grace * 1000),
        concurrency: atOnce(kind),
        retry: retryFrom(options, kind),
        lingerMs: options.linger,
      };
      return { name, kind, run, reporter: await create(kind, value) };
    }),
  );

  function atOnce(kind: Destination['kind']): number | undefined {
    if (kind === 'nats') return options.natsInFlight;
    if (kind === 'otlp') return OTLP_BATCHES;
    return kind === 'stdout' ? (stdout.events ?? io.output)?.atOnce : 1;
  }

  async function create(kind: Destination['kind'], value: string): Promise<Reporter> {
    if (kind === 'null') return nullReporter;
    if (kind === 'stdout') return stdoutReporter(options, io, stdout);
    if (kind === 'socket') return new SocketReporter({ path: socketOf(value) as string });
    // Their dependencies take time to load, so only their users load them. They connect while the rest starts.
    if (kind === 'otlp') return (await import('./otlp.js')).otlpReporter(options, io, logger);
    if (kind === 'nats') {
      const { natsReporter } = await import('./nats.js');
      return natsReporter(value, options, io, logger);
    }
    const { coderReporter } = await import('./coder.js');
    return coderReporter(options, io, logger, tokenFileName);
  }
}

function stdoutReporter(options: ServeOptions, io: Io, { end, events }: Stdout): Reporter {
  const stream = events ?? io.output ?? io.stdout;
  const text = new TextReporter({ stream, ...viewOf(options, screenOf(options, io)) });
  const handBack = async (error: unknown, signal: AbortSignal): Promise<never> => {
    if (!isClosedPipe(error)) throw error;
    // This is the end, not a failure: the batch returns to the buffer and appears in the closing account.
    end.onStdoutError(error as Error);
    await new Promise<void>((resolve) => onAbort(signal, resolve));
    throw error;
  };
  return {
    keepsOrder: text.keepsOrder,
    report: (batch, options) =>
      text.report(batch, options)?.catch((error) => handBack(error, options.signal)),
  };
}
