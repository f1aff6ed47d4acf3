import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import * as main from '../lib/index.js';
import { nullReporter } from '../lib/index.js';
import * as sources from '../lib/sources/jetstream/index.js';
import * as spool from '../lib/spool/index.js';
import { ROOT } from './helpers/code-blocks.js';
import { tempPaths } from './helpers/temp.js';

/*
 * Each member that the types of a public class promise exists at run time. readable-stream's classes have the types of
 * Node's, which have had members that readable-stream lacks.
 */

const path = tempPaths();

/** The classes of the package's root, and of the entries for spools and sources. */
const classes: Record<string, unknown> = { ...main, ...spool, ...sources };

/** An object of each of them. */
const objects: Record<string, () => object> = {
  BoundaryLogError: () => new main.BoundaryLogError('ERR_CLOSED', 'closed'),
  BoundaryLogProxy: () => new main.BoundaryLogProxy({ socketPath: path() }),
  CaptureDecoder: () => new main.CaptureDecoder(),
  CaptureReader: () => new main.CaptureReader(),
  CaptureWriter: () => new main.CaptureWriter(),
  BoundaryLogSender: () => new main.BoundaryLogSender({ socketPath: path() }),
  Demux: () => new main.Demux({}),
  Forwarder: () => new main.Forwarder(nullReporter),
  FrameParser: () => new main.FrameParser(),
  LogBatch: () => new main.LogBatch(2, 0, Buffer.alloc(0)),
  LogBuffer: () => new main.LogBuffer(),
  JetStreamSource: () => new sources.JetStreamSource({ servers: 'nats://127.0.0.1:1' }),
  MessageDecoder: () => new main.MessageDecoder(),
  MessageEncoder: () => new main.MessageEncoder(),
  SessionAudit: () => new main.SessionAudit({ ledger: new main.SessionLedger() }),
  SessionLedger: () => new main.SessionLedger(),
  SocketReporter: () => new main.SocketReporter({ path: path() }),
  SpoolBuffer: () => {
    const log = () => undefined;
    return new spool.SpoolBuffer({ folder: path() }, 'drop', {
      debug: log,
      info: log,
      warn: log,
      error: log,
    });
  },
  StatusReport: () => new main.StatusReport(0n, 0n),
  StatusSink: () => new main.StatusSink(),
  TextReporter: () => new main.TextReporter({ stream: process.stderr }),
};

/** TypeScript 6 has the API that TypeScript 7 does not have yet. The API reference is made with it, too. */
const ts = createRequire(join(ROOT, 'scripts/docs/package.json'))('typescript');

/** The names of the members of each class: of its objects, and its static ones. */
function membersByClass(): Map<string, { instance: string[]; statics: string[] }> {
  const entries = ['lib/index.ts', 'lib/spool/index.ts', 'lib/sources/jetstream/index.ts'].map((file) =>
    join(ROOT, file),
  );
  const options = {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
  };
  const program = ts.createProgram(entries, { ...options, noEmit: true, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const exported = entries.flatMap((entry) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry))),
  );
  const members = new Map();
  for (const symbol of exported) {
    const source = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    if (!(source.flags & ts.SymbolFlags.Value)) continue;
    const type = checker.getTypeOfSymbol(source);
    const [construct] = type.getConstructSignatures();
    // What is exported as a type has no value.
    if (construct === undefined || !(symbol.name in classes)) continue;
    // biome-ignore lint/suspicious/noExplicitAny: the API has no types here.
    const names = (of: any) =>
      checker
        .getPropertiesOfType(of)
        // biome-ignore lint/suspicious/noExplicitAny: likewise.
        .filter((property: any) => {
          // What has the type `never` cannot be used, and types say so.
          const isNever = checker.getTypeOfSymbol(property).flags & ts.TypeFlags.Never;
          return !(property.flags & ts.SymbolFlags.Optional) && !isNever;
        })
        .map(({ escapedName }: { escapedName: string }) => escapedName);
    members.set(symbol.name, { instance: names(construct.getReturnType()), statics: names(type) });
  }
  return members;
}

/** TypeScript's name of a member, as a key. */
function keyOf(name: string): string | symbol | undefined {
  const [, wellKnown] = /^__@(\w+)@\d+$/.exec(name) ?? [];
  if (wellKnown === undefined) return name.replace(/^___/, '__');
  return (Symbol as unknown as Record<string, symbol>)[wellKnown];
}

test('what the types of a class promise exists', () => {
  const members = membersByClass();
  expect([...members.keys()].sort()).toEqual(Object.keys(objects).sort());
  const missing: string[] = [];
  for (const [name, { instance, statics }] of members) {
    const object = objects[name]?.() as object;
    const type = classes[name] as object;
    for (const [of, names] of [
      [object, instance],
      [type, statics],
    ] as const) {
      for (const member of names) {
        const key = keyOf(member);
        // What begins with an underscore is private, or a method for subclasses, such as _flush().
        if (/^_+[^@_]/.test(member) || member === 'prototype') continue;
        if (key === undefined || !(key in of)) missing.push(`${name}.${member}`);
      }
    }
  }
  expect(missing).toEqual([]);
}, 60_000);
