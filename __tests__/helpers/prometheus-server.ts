import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from './until.js';

/** One time series of an answer. */
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A Prometheus that scrapes and evaluates all the time. */
export class PrometheusServer {
  readonly #url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.#url = url;
    this.#child = child;
  }

  /**
   * @param folder A new one for its configuration and its data.
   * @param targets Addresses, by job.
   */
  static async start(
    folder: string,
    targets: Record<string, string[]>,
    rules: string,
  ): Promise<PrometheusServer> {
    mkdirSync(folder);
    const config = join(folder, 'prometheus.yml');
    writeFileSync(
      config,
      stringify({
        global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
        rule_files: [rules],
        scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
          job_name: job,
          static_configs: [{ targets: addresses }],
        })),
      }),
    );
    const port = await freePort();
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
    const url = `http://127.0.0.1:${port}`;
    const server = new PrometheusServer(url, child);
    const isReady = () => {
      if (child.exitCode !== null) throw new Error(`Prometheus has ended: ${log}`);
      return fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await until('Prometheus is ready', isReady, 60_000);
    return server;
  }

  /** The result of an expression at this moment. @throws if it cannot be evaluated, or Prometheus warns about it. */
  async query(expression: string): Promise<readonly Series[]> {
    return (await this.api(`query?query=${encodeURIComponent(expression)}`)).result;
  }

  /** How many time series an expression has over the last seconds. @throws as `query()` does. */
  async queryRange(expression: string, seconds: number): Promise<number> {
    const end = Date.now() / 1000;
    const range = `start=${end - seconds}&end=${end}&step=1`;
    const { result } = await this.api(`query_range?query=${encodeURIComponent(expression)}&${range}`);
    return result.length;
  }

  /** The data of an answer of its HTTP API. */
  async api(path: string) {
    const answer = await (await fetch(`${this.#url}/api/v1/${path}`)).json();
    const { status, data, error, warnings } = answer as Record<string, unknown>;
    if (status !== 'success' || warnings !== undefined) throw new Error(`${path}: ${error ?? warnings}`);
    // biome-ignore lint/suspicious/noExplicitAny: each path has data of another form
    return data as any;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
