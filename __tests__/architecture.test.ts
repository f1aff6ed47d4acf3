import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

interface Rule {
  rule: string;
  why: string;
  /** Whom it is for. */
  modules: RegExp;
  /** What these may import; all else they must not. */
  only?: RegExp;
  /** What these must not import. */
  never?: RegExp;
}

const STREAMS =
  /^lib\/(frame-parser|message-decoder|message-encoder|demux|log-buffer|status-sink|forwarder|sender)\.ts$/;
const SERVER = /^lib\/(proxy|proxy-options|connections|intake|unix-listener|warnings|metrics)\.ts$/;

/** Who may import whom. Types count as much as values. */
const RULES: Rule[] = [
  {
    rule: 'the codec imports itself and the protobuf runtime',
    why: 'it is pure and synchronous: no streams, no sockets, no clock, nothing of lib',
    modules: /^codec\//,
    only: /^(codec\/|protobufjs\/minimal\.js$|long$|node:buffer$)/,
  },
  {
    rule: 'a stream imports no other stream',
    why: 'each is of use on its own, and it is the user who puts them together',
    modules: STREAMS,
    never: STREAMS,
  },
  {
    rule: 'a stream imports nothing of the server, no reporter, and no metrics',
    why: 'it counts and emits; what becomes of that is for whoever composes it',
    modules: STREAMS,
    never: union(SERVER, /^lib\/(reporters|cli)\/|^(prom-client|pino)$/),
  },
  {
    rule: 'a reporter imports the Reporter interface and its helpers, no stream and nothing of the server',
    why: 'it is given batches one by one, and must work in anything that gives it some',
    modules: /^lib\/reporters\//,
    never: union(STREAMS, SERVER, /^lib\/cli\//),
  },
  {
    rule: 'yamux imports itself and the closed list of errors',
    why: 'it knows neither what carries its bytes nor what they are for',
    modules: /^lib\/reporters\/coder\/yamux\//,
    only: /^(lib\/reporters\/coder\/yamux\/|codec\/errors\.ts$)/,
  },
  {
    rule: 'DRPC imports itself and the closed list of errors',
    why: 'it is pure and synchronous, as the codec is',
    modules: /^lib\/reporters\/coder\/drpc\//,
    only: /^(lib\/reporters\/coder\/drpc\/|codec\/errors\.ts$)/,
  },
  {
    rule: 'nothing but the command line imports the Coder reporter',
    why: 'it is an entry of its own: who does not use it does not load its WebSocket and proxies',
    modules: /^(?!lib\/(reporters\/coder|cli)\/)/,
    never: /^(lib\/reporters\/coder\/|(ws|https-proxy-agent|proxy-from-env)$)/,
  },
  {
    rule: 'the server imports no reporter',
    why: 'which one there is, is for whoever runs it',
    modules: SERVER,
    never: /^lib\/reporters\//,
  },
  {
    rule: 'nothing but the command line imports the command line',
    why: 'it sits on top: the library has no arguments, no exit codes, and no stdout of its own',
    modules: /^(?!lib\/cli\/)/,
    never: /^(lib\/cli\/|commander$|pino(-pretty)?$)/,
  },
  {
    rule: "nobody inside imports the package's root",
    why: 'it only gathers what is public: to import it would make a circle of everything',
    modules: /^(codec|lib)\//,
    never: /^(lib\/index\.ts|lib\/reporters\/coder\/index\.ts|boundary-log-proxy(\/.+)?)$/,
  },
  {
    rule: 'only lib/streams.ts imports the stream classes',
    why: 'they come from readable-stream; of node:stream there are only types, and pipeline()',
    modules: /^(?!lib\/streams\.ts|examples\/)/,
    never: /^(readable-stream|node:stream)$/,
  },
  {
    rule: "an example imports the package's public entries, Node, and split2",
    why: 'it is there to be copied into a program that has nothing else',
    modules: /^examples\//,
    only: /^(boundary-log-proxy(\/codec)?|node:.+|split2)$/,
  },
];

const MAX_LINES = 300;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = ['codec', 'lib', 'examples']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => /\.[jt]s$/.test(file) && !/\/generated\/|\.d\.ts$/.test(file))
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

test('no circles', () => {
  const left = new Map(IMPORTS);
  // What imports nothing that is left cannot be part of a circle.
  const isDone = (file: string) => left.get(file)?.every((imported) => !left.has(imported));
  for (let done = MODULES; done.length > 0; ) {
    done = [...left.keys()].filter(isDone);
    for (const file of done) left.delete(file);
  }
  expect([...left.keys()]).toEqual([]);
});

test(`no source but what is generated has more than ${MAX_LINES} lines`, () => {
  const long = MODULES.filter((file) => read(file).split('\n').length - 1 > MAX_LINES);
  expect(long).toEqual([]);
});

test('imports are found in each of their forms', () => {
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

/** What a module imports: our own files by their path from the root, all else by its name. */
function importsOf(file: string): string[] {
  // The one import where it matters whether it is only of types.
  const typesOfStreams = /^import type [^;]* from 'node:stream';$/gm;
  const source = file.startsWith('lib/') ? read(file).replaceAll(typesOfStreams, '') : read(file);
  return specifiersIn(source).map((specifier) => {
    if (!specifier.startsWith('.')) return specifier;
    const path = join(dirname(file), specifier);
    return [path.replace(/\.js$/, '.ts'), path].find((path) => existsSync(join(ROOT, path))) ?? path;
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
