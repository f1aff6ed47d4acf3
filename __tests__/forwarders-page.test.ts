import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { transformSync } from '@swc/core';
import { blocksOf, ROOT } from './helpers/code-blocks.js';
import { SESSION } from './helpers/messages.js';
import { natsServers, testNats } from './helpers/nats-server.js';
import { natsStreams } from './helpers/nats-stream.js';
import { commands } from './helpers/processes.js';
import { numberedBatches } from './helpers/served.js';
import { tempPaths } from './helpers/temp.js';
import { until } from './helpers/until.js';

/* Runs the programs of docs/forwarders.md as a reader would, with a real server. */

const start = commands();
const path = tempPaths();
const natsServer = natsServers();
const natsStream = natsStreams();

const programs = blocksOf('docs/forwarders.md').filter(({ language }) => language === 'ts');

/** Writes a program as JavaScript, into a folder where the package is installed. */
function compiled(code: string, url: string): string {
  const folder = path();
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/boundary-log-proxy'));
  const file = join(folder, 'program.mjs');
  const options = {
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  } as const;
  writeFileSync(file, transformSync(code, options).code.replaceAll('nats://127.0.0.1:4222', url));
  return file;
}

/** What each prints for three batches of two events, and how SIGTERM ends it. */
const EXPECTED: [text: string, prints: RegExp, end: number | string][] = [
  ['for await', new RegExp(`^(${SESSION} 2 1\n){3}$`), 'SIGTERM'],
  ['settleWith', /^(ReportBoundaryLogsRequest [\s\S]*?sequenceNumber[\s\S]*?){3}$/, 0],
  ['new BoundaryLogProxy', /^(ReportBoundaryLogsRequest [\s\S]*?sequenceNumber[\s\S]*?){3}$/, 'SIGTERM'],
];

for (const [text, prints, end] of EXPECTED) {
  testNats(
    `the program with ${text} receives and acknowledges batches`,
    async () => {
      const server = await natsServer();
      const stream = await natsStream(server);
      await stream.publish(...numberedBatches(3, 2));
      const code = programs.find((program) => program.code.includes(text))?.code ?? '';
      const running = start([], { program: compiled(code, server.url) });
      const [, consumer] = /consumer: '(.*?)'/.exec(code) ?? [];
      await until('all are settled', async () => (await stream.unsettled(consumer)) === 0, 30_000);
      running.child.kill('SIGTERM');
      expect([await running.ended, running.stderr()]).toEqual([end, '']);
      expect(running.stdout()).toMatch(prints);
    },
    60_000,
  );
}

testNats('every program of the page is among these', async () => {
  expect(programs.map(({ code }) => EXPECTED.filter(([text]) => code.includes(text)).length)).toEqual(
    EXPECTED.map(() => 1),
  );
});
