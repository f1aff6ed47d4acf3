import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

interface Rule {
  rule: string;
  why: string;
  /** The files that it applies to. */
  modules: RegExp;
  /** What they may import. Everything else is forbidden. */
  only?: RegExp;
  /** What they must not import. */
  never?: RegExp;
}

const STREAMS =
  /^lib\/(streams\/(frame-parser|message-decoder|message-encoder|demux|fan-out|log-buffer|status-sink)|forwarding\/forwarder)\.ts$/;

/** Everything below these folders of lib/. */
const inFolder = (...names: string[]) => new RegExp(`^lib/(${names.join('|')})/`);

/** The contracts that all folders share: the only files at the top of lib/ besides its index. */
const CONTRACTS = [
  'abort.ts',
  'batch.ts',
  'errors.ts',
  'events.ts',
  'guard.ts',
  'logger.ts',
  'optional-packages.ts',
  'options.ts',
  'own-text.ts',
  'printable.ts',
  'real-time.ts',
  'parsed-url.ts',
  'socket-path.ts',
];

/**
 * Which other folders the files of each folder may import. All of them may import the codec and the contracts.
 * The order is that of a cascade: a folder imports only folders that stand above it in this list.
 */
const FOLDERS: Record<string, string[]> = {
  streams: [],
  telemetry: [],
  text: [],
  capture: ['streams', 'telemetry'],
  http: ['telemetry'],
  fixtures: [],
  rules: ['text'],
  forwarding: ['streams'],
  sender: ['streams', 'text', 'forwarding'],
  redaction: ['streams'],
  spool: ['streams', 'forwarding'],
  sessions: ['streams'],
  records: ['text', 'capture', 'spool'],
  connection: ['telemetry', 'forwarding'],
  nats: ['telemetry', 'forwarding', 'connection'],
  reporters: ['telemetry', 'text', 'forwarding', 'sender', 'connection', 'nats'],
  sources: ['streams', 'telemetry', 'forwarding', 'connection', 'nats'],
  server: ['streams', 'telemetry', 'capture', 'forwarding', 'redaction', 'spool', 'sessions'],
  console: ['streams', 'telemetry', 'text', 'rules', 'http', 'sessions', 'server'],
  cli: [
    'streams',
    'telemetry',
    'text',
    'capture',
    'forwarding',
    'sender',
    'redaction',
    'spool',
    'sessions',
    'records',
    'rules',
    'connection',
    'nats',
    'reporters',
    'sources',
    'server',
    'http',
    'console',
  ],
};

/** Further rules. Types count as much as values. */
const RULES: Rule[] = [
  {
    rule: 'the codec imports only itself and the protobuf runtime',
    why: 'it is pure and synchronous: no streams, no sockets, no clock, nothing from lib',
    modules: /^codec\//,
    only: /^(codec\/|protobufjs\/minimal\.js$|long$|node:buffer$)/,
  },
  {
    rule: 'a stream does not import another stream',
    why: 'each is useful alone, and the user composes them',
    modules: STREAMS,
    never: STREAMS,
  },
  {
    rule: 'no stream, sender or forwarder imports a metrics library or a logger',
    why: 'streams count and emit events, and whoever composes them decides what to do with that',
    modules: inFolder('streams', 'forwarding', 'sender'),
    never: /^(prom-client|pino)$/,
  },
  {
    rule: 'the ledger of sessions imports only itself, what checks arguments, and what copies a text',
    why: 'it is pure, and also runs in a browser: no Node, no clock',
    modules: /^lib\/sessions\/(range-map|session|session-report|session-ledger)\.ts$/,
    only: /^(lib\/(own-text|sessions\/(range-map|session|session-report))|codec\/(argument|errors|unknown-name))\.ts$/,
  },
  {
    rule: 'yamux imports only itself and the error class',
    why: 'it knows neither the transport of its bytes nor their purpose',
    modules: /^lib\/reporters\/coder\/yamux\//,
    only: /^(lib\/reporters\/coder\/yamux\/|lib\/errors\.ts$)/,
  },
  {
    rule: 'DRPC imports only itself and the error class',
    why: 'it is pure and synchronous, like the codec',
    modules: /^lib\/reporters\/coder\/drpc\//,
    only: /^(lib\/reporters\/coder\/drpc\/|lib\/errors\.ts$)/,
  },
  {
    rule: 'the rules import only themselves, the error class, what checks arguments and copies a text, and types of events',
    why: 'a page in a browser contains them, so they need nothing of Node',
    modules: /^lib\/rules\//,
    only: /^(lib\/rules\/|codec\/(errors|argument)\.ts$|lib\/(own-text|text\/event)\.ts$)/,
  },
  {
    rule: 'only the command line imports the Coder reporter',
    why: 'it is a separate entry point: programs that do not use it do not load its WebSocket and HTTP proxy packages',
    modules: /^(?!lib\/(reporters\/coder\/|cli\/|reporters\/otlp\/connections\.ts$))/,
    never: /^(lib\/reporters\/coder\/|(ws|https-proxy-agent)$)/,
  },
  {
    rule: 'only the command line imports the OpenTelemetry reporter',
    why: 'it is a separate entry point, and its package is an optional peer dependency',
    modules: /^(?!lib\/(reporters\/otlp|cli)\/)/,
    never: /^(lib\/reporters\/otlp\/|@opentelemetry\/)/,
  },
  {
    rule: 'only what is about NATS, and the command line, imports NATS',
    why: 'its client is an optional peer dependency, and other entries must not need it',
    modules: /^(?!lib\/(nats|reporters\/jetstream|sources\/jetstream|cli)\/)/,
    never: /^(lib\/(nats|reporters\/jetstream|sources\/jetstream)\/|@nats-io\/)/,
  },
  {
    rule: 'only the command line imports argument parsers and loggers',
    why: 'the library has no arguments, no exit codes, and no stdout of its own',
    modules: /^(?!lib\/cli\/)/,
    never: /^(lib\/cli\/|commander$|pino(-pretty)?$)/,
  },
  {
    rule: "no module inside imports the package's root",
    why: 'it only collects the public names, so importing it would create cycles',
    modules: /^(codec|lib)\//,
    never:
      /^(lib\/index\.ts|lib\/(reporters\/(coder|jetstream|otlp)|sources\/jetstream|rules|spool)\/index\.ts|boundary-log-proxy(\/.+)?)$/,
  },
  {
    rule: 'only lib/streams/base.ts imports the stream classes',
    why: 'they come from readable-stream; only types and pipeline() come from Node',
    modules: /^(?!lib\/streams\/base\.ts|examples\/)/,
    never: /^(readable-stream|node:stream)$/,
  },
  {
    rule: 'only lib/real-time.ts and the command import timers',
    why: 'a fake clock replaces them, so which of them it may stop is decided in one place',
    modules: /^(codec|lib)\/(?!real-time\.ts|cli\/)/,
    never: /^(node:)?timers/,
  },
  {
    rule: 'the page of the console imports only itself, its two packages, types, and what runs in a browser',
    why: 'it is bundled for browsers, where there is no Node',
    modules: /^lib\/console\/page\//,
    only: /^(lib\/console\/(page\/|messages\.ts$)|lib\/(printable\.ts$|rules\/|text\/event\.ts$)|preact(\/hooks)?$|uplot$)/,
  },
  {
    rule: 'only the page of the console imports the packages that are bundled into it',
    why: 'they are not installed with this package',
    modules: /^(?!lib\/console\/page\/)/,
    never: /^(preact|uplot|lib\/console\/page\/)/,
  },
  {
    rule: "an example imports only the package's public entries, Node, split2, and the test runners",
    why: 'it can be copied into a program that has nothing else',
    modules: /^examples\//,
    only: /^(boundary-log-proxy(\/codec)?|node:.+|split2|@jest\/globals|vitest)$/,
  },
];

const MAX_LINES = 300;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = ['codec', 'lib', 'examples']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => /\.[jt]sx?$/.test(file) && !/\/generated\/|\.d\.ts$/.test(file))
  .sort();

const IMPORTS = new Map(MODULES.map((file) => [file, importsOf(file)]));

describe.each(RULES)('$rule', ({ why, modules, only, never }) => {
  test(`as ${why}`, () => {
    const importers = MODULES.filter((file) => modules.test(file));
    expect(importers).not.toEqual([]);
    const offences = importers.flatMap((file) =>
      (IMPORTS.get(file) ?? [])
        .filter((imported) => never?.test(imported) || only?.test(imported) === false)
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(offences).toEqual([]);
  });
});

describe.each(Object.entries(FOLDERS))('lib/%s', (name, others) => {
  const allowed = union(inFolder(name, ...others), /^codec\//, /^lib\/[^/]+\.ts$/);
  test(`imports ${others.length === 0 ? 'no other folder' : `only ${others.join(', ')}`}`, () => {
    const offences = MODULES.filter((file) => inFolder(name).test(file)).flatMap((file) =>
      (IMPORTS.get(file) ?? [])
        .filter((imported) => imported.startsWith('lib/') && !allowed.test(imported))
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(offences).toEqual([]);
  });
});

test('lib/ contains its index, the contracts and the folders above, nothing else', () => {
  expect(readdirSync(join(ROOT, 'lib')).sort()).toEqual(
    ['index.ts', ...CONTRACTS, ...Object.keys(FOLDERS)].sort(),
  );
});

test('the contracts import only each other and the codec', () => {
  for (const file of CONTRACTS) {
    for (const imported of IMPORTS.get(`lib/${file}`) ?? [])
      expect(imported).toMatch(/^(codec\/|lib\/[^/]+\.ts$|node:)/);
  }
});

test('no cycles', () => {
  const left = new Map(IMPORTS);
  // A file that imports none of the remaining files cannot be part of a cycle.
  const isDone = (file: string) => left.get(file)?.every((imported) => !left.has(imported));
  for (let done = MODULES; done.length > 0; ) {
    done = [...left.keys()].filter(isDone);
    for (const file of done) left.delete(file);
  }
  expect([...left.keys()]).toEqual([]);
});

test('no source waits for setImmediate(), which a fake clock replaces: nextTurn() does the same', () => {
  const waiting = MODULES.filter((file) => !file.startsWith('examples/') && !file.startsWith('lib/cli/'));
  expect(waiting.filter((file) => /^(?! *(\/?\*|\/\/)).*\bsetImmediate\b/m.test(read(file)))).toEqual([]);
});

test(`no source has more than ${MAX_LINES} lines, except generated ones`, () => {
  const long = MODULES.filter((file) => read(file).split('\n').length - 1 > MAX_LINES);
  expect(long).toEqual([]);
});

test('every form of import is found', () => {
  const source = `
import a from 'a';
import type { B } from "b";
import {
  c,
  type D,
} from 'c';
export { e } from 'e';
export * from 'f';
import 'g';
const h = await import('h');
const i = require('i');
type J = import('j').J;
/** \`import k from 'k'\` */
// import l from 'l';
`;
  expect(specifiersIn(source)).toEqual(['a', 'b', 'c', 'e', 'f', 'g', 'h', 'i', 'j']);
});

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** What a module imports: files of this project by their path from the root, everything else by its name. */
function importsOf(file: string): string[] {
  // This is the only import for which types do not count.
  const typesOfStreams = /^import type [^;]* from 'node:stream';$/gm;
  const source = file.startsWith('lib/') ? read(file).replaceAll(typesOfStreams, '') : read(file);
  return specifiersIn(source).map((specifier) => {
    if (!specifier.startsWith('.')) return specifier;
    const path = join(dirname(file), specifier);
    return (
      [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx'), path].find((path) =>
        existsSync(join(ROOT, path)),
      ) ?? path
    );
  });
}

function specifiersIn(source: string): string[] {
  const code = source.replaceAll(/^\s*(\/\*[\s\S]*?\*\/|\/\/.*)/gm, '');
  const statement = /^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm;
  const call = /\b(?:import|require)\(\s*['"]([^'"]+)['"]\s*\)/g;
  const matches = [...code.matchAll(statement), ...code.matchAll(call)];
  return matches.sort((a, b) => a.index - b.index).map((match) => (match[1] ?? match[2]) as string);
}

function union(...patterns: RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => `(?:${source})`).join('|'));
}
