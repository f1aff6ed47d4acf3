import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import { blocksOf, type CodeBlock, PAGES, ROOT } from './helpers/code-blocks.js';
import { commands } from './helpers/processes.js';
import { tempFolder } from './helpers/temp.js';
import { until } from './helpers/until.js';
import { vectors } from './helpers/vectors.js';

/*
 * Runs examples of the pages as a reader would: in a folder where the package is installed, which is the build in dist/.
 * code-blocks.test.ts compiles all examples.
 */

const folder = tempFolder();
const modules = join(folder, 'node_modules');

/** The examples of docs/testing.md in their order, which also distinguishes the two files of the same name. */
const examples = blocksOf('docs/testing.md')
  .filter(({ language }) => language === 'ts')
  .map(({ code }) => ({ name: /^\/\/ (\S+)\.ts\n/.exec(code)?.[1], code }))
  .filter(({ name }) => name !== undefined);
const [maker, helper, jestTest, vitestTest, vectorWriter, reporter] = examples;

async function run(...args: string[]) {
  const running = promisify(execFile)(process.execPath, args, {
    cwd: folder,
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: '0', CI: '1' },
  });
  const { stdout, stderr } = await running.catch((error) => error);
  return { code: running.child.exitCode, output: `${stdout}${stderr}` };
}

/** Writes an example as JavaScript, for Node alone. */
function compile(example = { name: '', code: '' } as (typeof examples)[number]): string {
  const { code } = transformSync(example.code, {
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  const file = join(folder, `${example.name}.mjs`);
  writeFileSync(file, code.replaceAll(/\/(?:tmp|run\/boundary)\/([\w-]+\.sock)/g, join(folder, '$1')));
  return file;
}

beforeAll(async () => {
  expect(examples.map(({ name }) => name)).toEqual([
    ...['make-fixture', 'outcomes', 'mixed.test', 'mixed.test', 'write-vectors', 'reporter'],
  ]);
  mkdirSync(modules);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  symlinkSync(ROOT, join(modules, 'boundary-log-proxy'));
  for (const runner of ['jest', 'vitest', 'fixtures']) mkdirSync(join(folder, runner));
  writeFileSync(join(folder, 'jest/outcomes.ts'), helper?.code ?? '');
  writeFileSync(join(folder, 'vitest/outcomes.ts'), helper?.code ?? '');
  writeFileSync(join(folder, 'jest/mixed.test.ts'), jestTest?.code ?? '');
  writeFileSync(join(folder, 'vitest/mixed.test.ts'), vitestTest?.code ?? '');
  expect(await run(compile(maker))).toEqual({ code: 0, output: '' });
}, 60_000);

test.each([
  { kind: 'CommonJS', file: 'jest.config.cjs', begins: 'module.exports =', flags: [] },
  {
    kind: 'ES modules',
    file: 'jest.config.mjs',
    begins: 'export default',
    flags: ['--experimental-vm-modules'],
  },
])(
  'the tests for Jest pass as $kind',
  async ({ file, begins, flags }) => {
    const config = blocksOf('docs/testing.md').find(({ code }) => code.includes(`\n${begins} {`));
    writeFileSync(join(folder, file), config?.code ?? '');
    const jest = [join(modules, 'jest/bin/jest.js'), '--config', file, '--roots', 'jest'];
    const { code, output } = await run(...flags, ...jest);
    expect(output).toMatch(/^Tests: +6 passed, 6 total$/m);
    expect(code).toBe(0);
  },
  60_000,
);

test('the tests for Vitest pass', async () => {
  const { code, output } = await run(join(modules, 'vitest/vitest.mjs'), 'run', '--dir', 'vitest');
  expect(output).toMatch(/^ *Tests +6 passed \(6\)$/m);
  expect(code).toBe(0);
}, 60_000);

test('the program that writes the vectors writes them to the byte', async () => {
  expect(await run(compile(vectorWriter))).toEqual({ code: 0, output: '138 vectors\n' });
  for (const { name, bytes } of vectors)
    expect(readFileSync(join(folder, `vectors/${name}.bin`)).equals(bytes)).toBe(true);
}, 60_000);

test('the program that tests a reporter prints what it says', async () => {
  expect(await run(compile(reporter))).toEqual({ code: 0, output: "[ 'https://example.com/' ]\n" });
}, 60_000);

/** The example of a page that contains a text, as a program. */
function programIn(page: string, name: string, text: string): string {
  const example = blocksOf(page).find(({ language, code }) => language === 'ts' && code.includes(text));
  return compile({ name, code: example?.code ?? '' });
}

/** Examples that need something around them: what comes before and after them, and what they print. */
const programs: { page: string; text: string; before?: string; after?: string; prints: string | RegExp }[] = [
  {
    page: 'docs/streams.md',
    text: 'a Writable in object mode, or a function',
    before: `import { Readable } from 'node:stream'; import { encodeLogs } from 'boundary-log-proxy/codec';
      const socket = Readable.from([encodeLogs({ logs: [{}, {}] }), Buffer.from([2, 0, 0, 1, 255])]);
      const sink = (batch) => console.log(batch.count);`,
    prints: '2\nERR_INVALID_PROTOBUF\n',
  },
  {
    page: 'docs/streams.md',
    text: 'perChunk: true',
    before: `import { Readable } from 'node:stream'; import { encodeLogs } from 'boundary-log-proxy/codec';
      const socket = Readable.from([Buffer.concat([encodeLogs({ logs: [{}] }), encodeLogs({ logs: [] })])]);
      const sink = (batch) => console.log(batch.count);`,
    prints: '1\n0\n',
  },
  {
    page: 'docs/streams.md',
    text: 'new CaptureReader()',
    before: `import { writeFileSync } from 'node:fs'; import { encodeCaptureRecord } from 'boundary-log-proxy';
      writeFileSync('capture', Buffer.concat([
        { kind: 'start', startedAt: 1772566954000000 },
        { kind: 'open', connection: 1, time: 500000 },
        { kind: 'finish', time: 500000 },
      ].map(encodeCaptureRecord)));`,
    prints: '1 2026-03-03T19:42:34.500Z\n',
  },
  {
    page: 'docs/protocols.md',
    text: "kind: 'heartbeat'",
    before: `import { Readable } from 'node:stream'; import { encodeFrame } from 'boundary-log-proxy/codec';
      const reading = Buffer.alloc(8); reading.writeDoubleBE(21.5);
      const socket = Readable.from([encodeFrame(7, reading), encodeFrame(7, Buffer.alloc(1)), encodeFrame(8, Buffer.alloc(0))]);`,
    prints: '21.5\nalive\nERR_INVALID_PAYLOAD\n',
  },
  {
    page: 'docs/protocols.md',
    text: 'encodeFrame(7, payload)',
    before: 'const socket = process.stdout;',
    prints: '\x07\0\0\x08@5\ufffd\0\0\0\0\0',
  },
  {
    page: 'docs/protocols.md',
    text: 'decoder.end()',
    before: `import { encodeLogs } from 'boundary-log-proxy/codec';
      const chunks = [encodeLogs({ sessionId: 's1', logs: [{}] })];`,
    prints: '1 s1\n',
  },
  {
    page: 'docs/embedding.md',
    text: 'await fetch(url',
    before: `import { createServer } from 'node:http'; import { once } from 'node:events';
      import { BoundaryLogSender } from 'boundary-log-proxy'; import { existsSync } from 'node:fs';
      const server = createServer((request, response) => {
        request.on('data', (bytes) => console.log(bytes.toString('latin1').includes('https://example.com/')));
        request.on('end', () => { response.end(); process.emit('SIGTERM'); server.close(); });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = \`http://127.0.0.1:\${server.address().port}/\`;
      const logger = { debug() {}, info: (_fields, message) => console.log(message), warn() {}, error() {} };
      const timer = setInterval(() => {
        if (!existsSync('/tmp/audit.sock')) return;
        clearInterval(timer);
        new BoundaryLogSender({ socketPath: '/tmp/audit.sock' }).end({ decision: 'allow', http_url: 'https://example.com/' });
      }, 5);`,
    prints: 'listening\ntrue\nclosed\n',
  },
  {
    page: 'docs/rules.md',
    text: 'matchesRule(',
    prints: blocksOf('docs/rules.md').find(({ language }) => language === 'text')?.code ?? '',
  },
  {
    page: 'docs/sessions.md',
    text: 'new SessionAudit',
    prints: 's missing 2 missing: 2 unexplained\n',
  },
  {
    page: 'docs/testing.md',
    text: 'describeOutcome(outcome)',
    prints: `{"kind":"status","dropped_channel_full":"3","dropped_batch_full":"0","counted":{"boundary_channel_full":"3"}}\n`,
  },
  {
    page: 'docs/embedding.md',
    text: 'replace: true',
    after: 'await proxy.start(); console.log(proxy.health().status); await proxy.close();',
    prints: 'failing\n',
  },
  {
    page: 'docs/embedding.md',
    text: 'proxy.health()',
    before: `import { BoundaryLogProxy } from 'boundary-log-proxy';
      const proxy = new BoundaryLogProxy({ socketPath: '/tmp/health.sock' });`,
    prints: /not_listening/,
  },
];

test.each(programs)(
  'the example with "$text" in $page prints what it should',
  async ({ page, text, before = '', after = '', prints }) => {
    const { code } = blockWith(page, text);
    const program = compile({
      name: `example-${programs.findIndex((one) => one.text === text)}`,
      code: `${before}\n${code}\n${after}`,
    });
    const { code: exitCode, output } = await run(program);
    if (typeof prints === 'string') expect(output).toBe(prints);
    else expect(output).toMatch(prints);
    expect(exitCode).toBe(0);
  },
  60_000,
);

test.each([
  [
    'Jest',
    [
      '--experimental-vm-modules',
      join(modules, 'jest/bin/jest.js'),
      '--config',
      '{ "rootDir": "snapshots" }',
      'jest.test.js',
      '--ci',
    ],
  ],
  ['Vitest', [join(modules, 'vitest/vitest.mjs'), 'run', 'vitest.test.js', '--root', 'snapshots']],
])(
  'the snapshot tests in examples/ pass in %s',
  async (name, [command = '', ...args]) => {
    const snapshots = join(folder, 'snapshots');
    mkdirSync(snapshots, { recursive: true });
    const file = `${name.toLowerCase()}.test.js`;
    cpSync(join(ROOT, 'examples/snapshots', file), join(snapshots, file));
    writeFileSync(join(snapshots, 'package.json'), '{ "type": "module" }');
    const { code, output } = await run(command, ...args);
    expect(output).toMatch(/^ *Tests:? +2 passed/m);
    expect(code).toBe(0);
  },
  60_000,
);

/** Where every other block of the pages is run, or why it cannot be. */
const elsewhere: { page: string; text: string; reason: string }[] = [
  { page: 'README.md', text: 'npm ci && npm start', reason: 'first-minute.test.ts runs it' },
  {
    page: 'README.md',
    text: 'main.js send --sample 20',
    reason: 'first-minute.test.ts runs it',
  },
  { page: 'README.md', text: 'curl', reason: 'first-minute.test.ts runs it' },
  {
    page: 'README.md',
    text: 'npm pack',
    reason: 'it installs from a registry; package.test.ts installs such a tarball',
  },
  { page: 'README.md', text: 'printDenied', reason: 'the test below runs it' },
  { page: 'README.md', text: '--reporter coder', reason: 'it needs a Coder server' },
  { page: 'docs/coder.md', text: 'CoderReporter', reason: 'it needs a Coder server' },
  { page: 'docs/nats.md', text: 'npm install @nats-io', reason: 'it installs from a registry' },
  {
    page: 'docs/nats.md',
    text: '--reporter tls://',
    reason: 'it needs a server; lib/cli/nats.test.ts runs such a command',
  },
  { page: 'docs/nats.md', text: 'EDGE_PASSWORD', reason: 'nats-page.test.ts starts a server with it' },
  { page: 'docs/nats.md', text: 'new JetStreamReporter', reason: 'it needs a server' },
  {
    page: 'docs/opentelemetry.md',
    text: 'npm install',
    reason: 'it installs from a registry; otlp.test.ts runs the command',
  },
  { page: 'docs/opentelemetry.md', text: 'OtlpReporter', reason: 'it needs an OpenTelemetry server' },
  {
    page: 'docs/forwarders.md',
    text: 'npm install',
    reason: 'it installs from a registry; lib/cli/source.test.ts runs the command',
  },
  {
    page: 'docs/forwarders.md',
    text: 'JetStreamSource',
    reason: 'it needs a server of NATS; forwarders-page.test.ts runs it',
  },
  { page: 'docs/scaling.md', text: '# nats.conf', reason: 'scaling-page.test.ts starts a server with it' },
  { page: 'docs/scaling.md', text: '# center.conf', reason: 'scaling-page.test.ts starts a server with it' },
  { page: 'docs/scaling.md', text: '# site.conf', reason: 'scaling-page.test.ts starts a server with it' },
  {
    page: 'docs/scaling.md',
    text: 'serve --reporter nats://nats.example.com:4222 --spool',
    reason: 'scale-out.test.ts runs such processes',
  },
  { page: 'docs/scaling.md', text: 'audit events-1.ndjson', reason: 'scale-out.test.ts runs it' },
  { page: 'docs/scaling.md', text: 'nats consumer add', reason: 'it needs the command nats' },
  { page: 'docs/loading.md', text: 'createRequire', reason: 'matrix.test.ts runs a bundle with it' },
  {
    page: 'docs/embedding.md',
    text: 'new SocketReporter',
    reason: 'it needs two receivers; lib/server/several-reporters.test.ts runs such a proxy',
  },
  {
    page: 'docs/redaction.md',
    text: '--redact-pattern',
    reason: 'lib/cli/redaction.test.ts runs serve with these options',
  },
  {
    page: 'docs/redaction.md',
    text: 'redact({ keep',
    reason: 'lib/redaction/url-redactor.test.ts runs the stream',
  },
  {
    page: 'docs/sessions.md',
    text: '"verdict"',
    reason: 'it is a line of the log, which lib/cli/sessions.test.ts compares',
  },
  { page: 'docs/sessions.md', text: 'audit events.ndjson\n', reason: 'lib/cli/audit.test.ts runs it' },
  { page: 'docs/sessions.md', text: '--against coderd.log', reason: 'lib/cli/audit.test.ts runs it' },
  { page: 'docs/monitoring.md', text: 'scrape_configs', reason: 'alerts.test.ts gives it to promtool' },
  { page: 'docs/service.md', text: 'docker run', reason: 'it needs Docker; image.test.ts runs the image' },
  { page: 'docs/service.md', text: 'initContainers', reason: 'it needs Kubernetes' },
  {
    page: 'docs/service.md',
    text: 'systemctl',
    reason: 'it needs root and systemd; systemd.test.ts checks the units',
  },
  {
    page: 'docs/operating.md',
    text: 'reporter_batches_received_total',
    reason: 'lib/cli/several-reporters.test.ts evaluates it',
  },
  {
    page: 'docs/operating.md',
    text: 'reporter_logs_received_total',
    reason: 'lib/cli/several-reporters.test.ts evaluates it',
  },
  { page: 'docs/operating.md', text: 'batches_received_total +', reason: 'it needs Prometheus' },
  { page: 'docs/operating.md', text: 'logs_received_total +', reason: 'it needs Prometheus' },
  {
    page: 'docs/operating.md',
    text: '"status": "degraded"',
    reason: 'it is an answer, which serve-metrics.test.ts compares',
  },
  {
    page: 'docs/operating.md',
    text: 'yaml-language-server',
    reason: 'configuration/examples.test.ts reads it as serve does',
  },
  { page: 'docs/operating.md', text: 'tap --listen', reason: 'tap.test.ts runs tap between processes' },
  {
    page: 'docs/rules.md',
    text: 'packages.example.com',
    reason: 'rules-page.test.ts runs the commands with these events',
  },
  { page: 'docs/console.md', text: '--console', reason: 'console/page/page.test.ts opens the link of serve' },
  { page: 'docs/console.md', text: 'ssh -L', reason: 'it needs another machine' },
  { page: 'docs/rules.md', text: '--check', reason: 'rules-page.test.ts runs it' },
  { page: 'docs/rules.md', text: 'alsoAllows: [', reason: 'it is what the example above prints' },
  { page: 'docs/streams.md', text: 'new StatusSink()', reason: 'the test below runs it' },
  { page: 'docs/streams.md', text: 'new BoundaryLogSender', reason: 'the test below runs it' },
  { page: 'docs/testing.md', text: '', reason: 'the tests above run the others, in their order' },
];

test('each block of code in the pages is run, or has a reason why it is not', () => {
  const known = [...programs, ...elsewhere];
  const unknown = PAGES.flatMap(blocksOf)
    // Without a language it is a drawing.
    .filter(({ language }) => language !== '')
    .filter(({ file, code }) => !known.some(({ page, text }) => page === file && code.includes(text)));
  expect(unknown.map(({ file, line }) => `${file}:${line}`)).toEqual([]);
  for (const { page, text } of known) blockWith(page, text);
});

/** The first block of a page that contains a text. */
function blockWith(page: string, text: string): CodeBlock {
  const block = blocksOf(page).find(({ language, code }) => language !== '' && code.includes(text));
  if (block === undefined) throw new Error(`${page} has no block with ${text}`);
  return block;
}

const start = commands();

test.each([
  {
    page: 'README.md',
    server: 'printDenied',
    prints: 'POST https://example.org/upload\n',
  },
  {
    page: 'docs/streams.md',
    server: 'new StatusSink()',
    prints: expect.stringMatching(/^[0-9a-f-]{36} 2\n$/),
  },
])(
  'the server in $page prints what the sender in docs/streams.md sends',
  async ({ page, server, prints }) => {
    const running = start([], { program: programIn(page, 'server', server), env: { TMPDIR: folder } });
    await until('it listens', () => existsSync(join(folder, 'boundary-audit.sock')));
    expect(await run(programIn('docs/streams.md', 'sender', 'new BoundaryLogSender'))).toEqual({
      code: 0,
      output: '',
    });
    await until('it has printed a line', () => running.stdout().endsWith('\n'));
    expect(running.stdout()).toEqual(prints);
    running.child.kill('SIGKILL');
    await running.ended;
    rmSync(join(folder, 'boundary-audit.sock'));
  },
);
