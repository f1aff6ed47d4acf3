import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { testUnless } from './system.js';
import { tempPaths } from './temp.js';
import { until } from './until.js';

/** Why no server can be started here; undefined if one can. */
export const NATS_MISSING =
  spawnSync('nats-server', ['--version']).status === 0 ? undefined : 'nats-server is not installed';

/** `test`; without the server, `test.skip` with the reason in the name. */
export const testNats = testUnless(NATS_MISSING);

export interface NatsServerOptions {
  /** Whether JetStream is enabled. Default true. */
  jetStream?: boolean;
  /** Further lines of its configuration, such as users and limits. */
  config?: string;
  /** PEM texts. With `ca`, clients need a certificate. */
  tls?: { cert: string; key: string; ca?: string };
  /** Default: a free port. */
  port?: number;
  /** Variables that its configuration refers to. */
  env?: Readonly<Record<string, string>>;
}

/** A real nats-server. It keeps its port and its store when it is started again. */
export class NatsServer {
  port = 0;
  readonly #folder: string;
  readonly #options: NatsServerOptions;
  #child: ChildProcess | undefined;
  #log = '';
  #exited: Promise<void> = Promise.resolve();

  /** @param folder A new one for its configuration and its store. */
  constructor(folder: string, options: NatsServerOptions = {}) {
    this.#folder = folder;
    this.#options = options;
    mkdirSync(folder);
    for (const [name, pem] of Object.entries(options.tls ?? {}))
      writeFileSync(join(folder, `${name}.pem`), pem);
  }

  /** What clients connect to, such as `nats://127.0.0.1:40000`. */
  get url(): string {
    return `${this.#options.tls === undefined ? 'nats' : 'tls'}://${this.address}`;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** What it has logged since it was created. */
  get log(): string {
    return this.#log;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it, and waits until it accepts clients and has read its store. */
  async start(): Promise<this> {
    writeFileSync(join(this.#folder, 'server.conf'), this.#config());
    const child = spawn('nats-server', ['-c', join(this.#folder, 'server.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...this.#options.env },
    });
    this.#child = child;
    let isOver = false;
    this.#exited = new Promise((resolve) => {
      child.on('close', () => {
        isOver = true;
        resolve();
      });
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => (this.#log += text));
    const ports = join(this.#folder, `nats-server_${child.pid}.ports`);
    await until(
      'nats-server is ready',
      () => {
        if (isOver) throw new Error(`nats-server has ended: ${this.#log}`);
        const port = portIn(ports);
        this.port = port ?? this.port;
        return port !== undefined;
      },
      60_000,
    );
    return this;
  }

  /** Ends it as a service manager does, after it has closed its connections. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Stops the process, so that it accepts connections and bytes but says nothing. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Removes its store, so that it has no streams when it is started again. */
  forget(): void {
    rmSync(join(this.#folder, 'store'), { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    await this.#exited;
    this.#child = undefined;
  }

  #config(): string {
    const { jetStream = true, config = '', tls, port = -1 } = this.#options;
    const lines = [
      `listen: "127.0.0.1:${this.port || port}"`,
      `ports_file_dir: "${this.#folder}"`,
      jetStream ? `jetstream { store_dir: "${join(this.#folder, 'store')}" }` : '',
      tls === undefined ? '' : `tls { ${this.#tlsConfig(tls)} }`,
      config,
    ];
    return `${lines.join('\n')}\n`;
  }

  #tlsConfig({ ca }: { ca?: string }): string {
    const file = (name: string) => `"${join(this.#folder, `${name}.pem`)}"`;
    const own = `cert_file: ${file('cert')}, key_file: ${file('key')}`;
    return ca === undefined ? own : `${own}, ca_file: ${file('ca')}, verify: true`;
  }
}

/** The port of clients in the file that the server writes when it is ready. */
function portIn(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { nats } = JSON.parse(readFileSync(file, 'utf8')) as { nats: string[] };
    return Number(new URL(nats[0] ?? '').port) || undefined;
  } catch {
    // It has not been written completely.
    return undefined;
  }
}

/**
 * Starts servers, and kills those that still run after each test.
 *
 * @param after `afterAll` for servers that all tests of the file share.
 */
export function natsServers(
  after: (end: () => Promise<void>) => void = afterEach,
): (options?: NatsServerOptions) => Promise<NatsServer> {
  const path = tempPaths();
  const running: NatsServer[] = [];
  after(async () => {
    await Promise.all(running.splice(0).map((server) => server.kill()));
  });
  return (options) => {
    const server = new NatsServer(path(), options);
    running.push(server);
    return server.start();
  };
}
