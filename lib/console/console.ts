import { randomBytes } from 'node:crypto';
import type { Logger } from '../logger.js';
import { messageOf } from '../printable.js';
import { insightOf } from '../server/insight.js';
import type { BoundaryLogProxy } from '../server/proxy.js';
import { LogBuffer } from '../streams/log-buffer.js';
import { VERSION } from '../telemetry/version.js';
import { ConsoleServer } from './console-server.js';
import { FlowHistory } from './flow-history.js';
import type { Hello, Sample, State } from './messages.js';
import { PAGE_FILES, type PageFiles } from './page-files.js';
import { RecentBatches } from './recent-batches.js';
import { SessionOverview } from './session-overview.js';
import { Viewers } from './viewers.js';

const MAX_EVENTS = 100_000;
const MAX_BYTES = 32 * 2 ** 20;
/** How often pages are sent new events, and how things stand, in ms. */
const PUMP_MS = 100;
const SAMPLE_MS = 1000;

export interface ConsoleOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly token: string;
  /** What the page calls the reporters of the proxy, in their order. */
  readonly labels: readonly string[];
  /** The command that sends sample events. */
  readonly sample: string;
  /** Where the proxy takes batches from in place of its socket. */
  readonly source?: string | undefined;
  readonly maxConnections: number;
  readonly logger: Logger;
  /** Default: those of the build. */
  readonly files?: PageFiles | undefined;
  /** How many events are kept. Default: 100000. */
  readonly maxEvents?: number | undefined;
}

/** A page that shows what a proxy does. It keeps the newest events in memory, and never makes the proxy wait. */
export class Console {
  /** With the token. */
  readonly link: string;
  readonly #server: ConsoleServer;
  readonly #logger: Logger;
  readonly #timers: readonly NodeJS.Timeout[];

  private constructor(
    server: ConsoleServer,
    token: string,
    logger: Logger,
    timers: readonly NodeJS.Timeout[],
  ) {
    this.#server = server;
    this.#logger = logger;
    this.#timers = timers;
    // Browsers do not send this part of an address to any server.
    this.link = `${server.url}/#token=${token}`;
  }

  /**
   * Starts the console of a proxy that does not listen yet.
   *
   * @throws ERR_ADDRESS_IN_USE, ERR_LISTEN_FAILED
   */
  static async start(proxy: BoundaryLogProxy, options: ConsoleOptions): Promise<Console> {
    const { address, token, logger, maxEvents = MAX_EVENTS, files = PAGE_FILES, maxConnections } = options;
    if (files === undefined) throw new Error('the console has no page: run `npm run build`');
    const batches = new RecentBatches({ maxEvents, maxBytes: MAX_BYTES });
    const { deliveries, sessions, observe } = insightOf(proxy);
    const overview = sessions && new SessionOverview(sessions.ledger);
    const history = new FlowHistory(deliveries);
    const run = randomBytes(6).toString('hex');
    const startedAt = Date.now();
    const hello = (): Hello => ({
      ...{
        run,
        version: VERSION,
        startedAt,
        socketPath: proxy.socketPath,
        source: options.source ?? null,
        sample: options.sample,
        maxEvents,
      },
      reporters: deliveries.map(({ buffer, spool }, i) => ({
        label: options.labels[i] ?? '',
        isOnDisk: spool !== undefined,
        maxBytes: buffer.maxBytes,
        maxBatches: buffer instanceof LogBuffer ? buffer.maxBatches : null,
      })),
      history: history.samples,
    });
    const state = (): State => ({
      sample: history.samples.at(-1) as Sample,
      problems: proxy.health().reasons,
      reporters: deliveries.map(({ state: { outage } }) => ({
        outage: outage === undefined ? null : { since: outage.since, why: messageOf(outage.error) },
      })),
      sessions: overview?.look() ?? null,
    });
    const viewers = new Viewers({ batches, maxEvents, run, hello, state });
    const server = await ConsoleServer.listen(address, { token, files, maxConnections, logger, viewers });
    observe((outcomes) => batches.keep(outcomes));
    if (sessions !== undefined) sessions.ended = (report) => overview?.end(report);
    const pump = () => {
      batches.tick();
      viewers.pump(PUMP_MS);
    };
    const sample = () => {
      history.sample();
      viewers.sendState();
    };
    const timers = [setInterval(pump, PUMP_MS).unref(), setInterval(sample, SAMPLE_MS).unref()];
    return new Console(server, token, logger, timers);
  }

  /** Logs the link. */
  announce(): void {
    this.#logger.info({ url: this.link }, 'serving the console');
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#server.close();
  }
}
