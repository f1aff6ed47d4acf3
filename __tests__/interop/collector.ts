import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach } from '@jest/globals';
import { tempPaths } from '../helpers/temp.js';
import { until } from '../helpers/until.js';
import { BIN } from './programs.js';

/** A Collector that forwards what it receives over OTLP/HTTP to a sink, as JSON. */
export interface Collector {
  readonly endpoint: string;
  /** Starts it, and waits until it listens. */
  start(): Promise<void>;
  /** Kills it, as in a crash. */
  kill(): Promise<void>;
}

/** Returns a function that makes Collectors, which are killed after each test. */
export function collectors(): (sink: string) => Promise<Collector> {
  const path = tempPaths();
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  return async (sink) => {
    const port = await freePort();
    const config = `${path()}.yaml`;
    writeFileSync(config, configuration(port, sink));
    let child: ChildProcess | undefined;
    return {
      endpoint: `http://127.0.0.1:${port}`,
      async start() {
        child = spawn(`${BIN}collector`, ['--config', config], { stdio: 'ignore' });
        running.push(child);
        await until('the collector listens', () => accepts(port), 30_000);
      },
      async kill() {
        if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  };
}

/** Nothing waits in the Collector: it answers what the sink has answered. */
function configuration(port: number, sink: string): string {
  return `
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:${port}
exporters:
  otlphttp:
    endpoint: ${sink}
    encoding: json
    compression: none
    retry_on_failure:
      enabled: false
    sending_queue:
      enabled: false
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    logs:
      receivers: [otlp]
      exporters: [otlphttp]
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
