import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Analysis, checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { publint } from 'publint';
import { installInto } from './helpers/installed.js';

/*
 * What a user gets: the tarball, installed into an empty folder. It is packed from dist/, which `npm test` builds
 * first.
 */

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const MINUTES = 60_000;
const exec = promisify(execFile);

/** The public names that are values, by entry, and the `typeof` of each. */
const VALUES = {
  'boundary-log-proxy': {
    BoundaryLogError: 'function',
    BoundaryLogProxy: 'function',
    BoundaryLogSender: 'function',
    boundaryProtocol: 'object',
    Demux: 'function',
    defaultSocketPath: 'function',
    Forwarder: 'function',
    FrameParser: 'function',
    LogBatch: 'function',
    LogBuffer: 'function',
    MessageDecoder: 'function',
    MessageEncoder: 'function',
    StatusSink: 'function',
  },
  'boundary-log-proxy/spool': { SpoolBuffer: 'function' },
  'boundary-log-proxy/codec': {
    decodeMessage: 'function',
    encodeFrame: 'function',
    encodeLogs: 'function',
    encodeStatus: 'function',
    FrameDecoder: 'function',
    HEADER_LENGTH: 'number',
    MAX_PAYLOAD_LENGTH: 'number',
    Tag: 'object',
  },
  'boundary-log-proxy/fixtures': { vectors: 'object' },
  'boundary-log-proxy/rules': {
    matchesRule: 'function',
    parseRule: 'function',
    ruleFor: 'function',
    RuleSuggester: 'function',
    suggestRules: 'function',
  },
  'boundary-log-proxy/reporters/coder': { CoderReporter: 'function' },
  'boundary-log-proxy/reporters/jetstream': { JetStreamReporter: 'function' },
  'boundary-log-proxy/reporters/otlp': { OtlpReporter: 'function', otlpOptionsOf: 'function' },
  'boundary-log-proxy/sources/jetstream': { JetStreamSource: 'function' },
};

/** Programs that use the types of an entry. If a type were `any`, its expected error would be missing. */
const CONSUMERS = {
  'boundary-log-proxy': `
    import { pipeline } from 'node:stream/promises';
    import {
      BoundaryLogError, BoundaryLogProxy, BoundaryLogSender, boundaryProtocol, defaultSocketPath, Demux, Forwarder,
      FrameParser, LogBuffer, MessageDecoder, MessageEncoder, StatusSink, type ErrorCode, type Frame,
      type FrameFault, type LogBatch, type Outcome, type Protocol, type Reporter, type StatusReport,
    } from 'boundary-log-proxy';

    const reporter: Reporter = {
      async report(batch: LogBatch, { signal }) {
        signal.throwIfAborted();
        const url: string | null | undefined = batch.request.logs[0]?.httpRequest?.url;
        console.log(batch.tag, batch.count, batch.raw.toString('hex'), url);
      },
    };
    const items: (Frame | FrameFault)[] = [];
    const beat: Protocol<{ kind: 'beat' }> = {
      tags: { 8: { maxLength: 0, decode: () => ({ kind: 'beat' }) } },
      kinds: ['beat'],
    };

    export function describe(outcome: Outcome): string {
      switch (outcome.kind) {
        case 'logs': return String(outcome.count);
        case 'status': return String((outcome satisfies StatusReport).droppedBatchFull + 1n);
        case 'unknown-variant': return String(outcome.tag);
        case 'skip':
        case 'close': return (outcome.error satisfies BoundaryLogError).code satisfies ErrorCode;
      }
    }

    export async function main(): Promise<void> {
      const buffer = new LogBuffer({ maxBatches: 10 });
      buffer.pipe(new Forwarder(reporter));
      const demux = new Demux({ logs: buffer, status: new StatusSink(), skip: ({ error }) => console.log(error.code) });
      await pipeline(process.stdin, new FrameParser(), new MessageDecoder(), demux);
      await pipeline(items, new MessageDecoder({ protocol: boundaryProtocol }), new MessageEncoder(), process.stdout);
      new MessageDecoder({ protocol: beat }).pipe(new Demux<{ kind: 'beat' }>({ beat: () => undefined }, { protocol: beat }));
      new BoundaryLogSender({ socketPath: defaultSocketPath() }).end({ decision: 'deny' });
      const proxy = new BoundaryLogProxy({ socketPath: '/tmp/x.sock', bufferSize: 1 });
      await proxy.start();
      await proxy.runForwarder(reporter, { signal: AbortSignal.timeout(1) });
      await proxy[Symbol.asyncDispose]();
    }

    // @ts-expect-error
    new BoundaryLogProxy({ bufferSize: 'many' });
    // @ts-expect-error
    export const notAny: number = new FrameParser();
  `,
  'boundary-log-proxy/codec': `
    import {
      decodeMessage, encodeFrame, encodeLogs, encodeStatus, FrameDecoder, HEADER_LENGTH, MAX_PAYLOAD_LENGTH, Tag,
    } from 'boundary-log-proxy/codec';

    const decoder = new FrameDecoder();
    const bytes = Buffer.concat([encodeLogs({ logs: [{ allowed: true }] }, Tag.V1), encodeStatus({ droppedBatchFull: 1n })]);
    for (const item of decoder.decode(bytes)) {
      if ('error' in item) throw item.error;
      const outcome = decodeMessage(item);
      if (outcome.kind === 'logs') console.log(outcome.request.logs[0]?.time?.seconds?.toString());
    }
    console.log(encodeFrame(Tag.V2, Buffer.alloc(0), MAX_PAYLOAD_LENGTH - HEADER_LENGTH).length);

    // @ts-expect-error
    export const notAny: string = HEADER_LENGTH;
  `,
  'boundary-log-proxy/fixtures': `
    import { vectors, type ExpectedOutcome, type Vector } from 'boundary-log-proxy/fixtures';

    export function describe(outcome: ExpectedOutcome): string {
      switch (outcome.kind) {
        case 'logs': return outcome.logs.map(({ http_request }) => http_request?.url).join() + outcome.hex;
        case 'status': return outcome.dropped_batch_full;
        case 'unknown-variant': return String(outcome.envelope_unknown_hex);
        case 'skip': return outcome.reason satisfies 'invalid_protobuf' | 'invalid_utf8' | 'truncated_header' | 'truncated_payload';
        case 'close': return outcome.reason satisfies 'unsupported_tag' | 'message_too_large';
      }
    }
    const all: readonly Vector[] = vectors;
    for (const { name, bytes, consumed, end, outcomes } of all) {
      console.log(name, bytes.readUInt8(0), consumed + 1, end === 'close', outcomes.map(describe));
    }

    // @ts-expect-error
    export const notAny: number = vectors;
  `,
  'boundary-log-proxy/rules': `
    import {
      matchesRule, parseRule, ruleFor, RuleSuggester, suggestRules, type Level, type RequestedEvent, type Suggestions,
    } from 'boundary-log-proxy/rules';

    const by: Level = 'path';
    const event: RequestedEvent = { http_method: 'GET', http_url: 'https://a.example/x' };
    const found = ruleFor(event, by);
    console.log('rule' in found ? matchesRule(parseRule(found.rule), event) : found.reason);
    const suggester = new RuleSuggester(by);
    suggester.add(event);
    const all: Suggestions[] = [suggester.suggestions(), suggestRules([event])];
    console.log(all.map(({ rules, inexpressible, leftOut }) => [rules[0]?.events, inexpressible[0]?.part, leftOut + 1]));

    // @ts-expect-error
    export const notAny: number = suggestRules([event]);
  `,
  'boundary-log-proxy/spool': `
    import { SpoolBuffer, type SpoolBufferOptions } from 'boundary-log-proxy/spool';

    const options: SpoolBufferOptions = { folder: '/tmp/spool' };
    export const buffer = new SpoolBuffer(options, 'drop', console);
    buffer.held.bytes satisfies number;

    // @ts-expect-error
    new SpoolBuffer({ folder: 1 }, 'drop', console);
    // @ts-expect-error
    export const notAny: number = buffer;
  `,
  'boundary-log-proxy/reporters/coder': `
    import { CoderReporter, type CoderReporterOptions } from 'boundary-log-proxy/reporters/coder';

    const options: CoderReporterOptions = { url: 'https://coder.example.com', token: async () => 'token' };
    export async function main(): Promise<void> {
      const reporter = new CoderReporter({ ...options, logger: console, keepAliveMs: 5000 });
      await reporter.report({ count: 0, raw: new Uint8Array() }, { signal: AbortSignal.timeout(1) });
      await reporter.close();
    }

    // @ts-expect-error
    new CoderReporter({ url: 'https://coder.example.com' });
    // @ts-expect-error
    export const notAny: number = new CoderReporter(options);
  `,
  // Without the client of NATS, whose types are not part of these.
  'boundary-log-proxy/reporters/jetstream': `
    import { LogBatch } from 'boundary-log-proxy';
    import { JetStreamReporter, type JetStreamReporterOptions } from 'boundary-log-proxy/reporters/jetstream';

    const options: JetStreamReporterOptions = { servers: ['nats://a', 'nats://b'], maxBytes: 2 ** 30 };
    export async function main(): Promise<void> {
      const reporter = new JetStreamReporter({ ...options, logger: console, proxy: 'edge-1' });
      await reporter.report(new LogBatch(2, 0, Buffer.alloc(0)), { signal: AbortSignal.timeout(1) });
      await reporter.close();
    }

    // @ts-expect-error
    new JetStreamReporter({});
    // @ts-expect-error
    export const notAny: number = new JetStreamReporter(options);
  `,
  'boundary-log-proxy/reporters/otlp': `
    import { OtlpReporter, otlpOptionsOf, type OtlpReporterOptions } from 'boundary-log-proxy/reporters/otlp';

    const options: OtlpReporterOptions = { url: 'http://localhost:4318/v1/logs', protocol: 'http/json' };
    export async function main(): Promise<void> {
      const reporter = new OtlpReporter({ ...otlpOptionsOf({}).options, ...options, logger: console });
      await reporter.load();
      reporter.close();
    }

    // @ts-expect-error
    new OtlpReporter({ url: 'http://localhost:4318/v1/logs', protocol: 'grpc' });
    // @ts-expect-error
    export const notAny: number = new OtlpReporter(options);
  `,
  'boundary-log-proxy/sources/jetstream': `
    import { pipeline } from 'node:stream/promises';
    import { BoundaryLogProxy, Forwarder, type BatchSource, type LogBatch } from 'boundary-log-proxy';
    import { JetStreamSource, type JetStreamSourceOptions } from 'boundary-log-proxy/sources/jetstream';

    const options: JetStreamSourceOptions = { servers: 'nats://a', consumer: 'archive', maxBatches: 10 };
    export async function main(): Promise<void> {
      const source = new JetStreamSource({ ...options, logger: console }).on('reject', ({ code }) => console.log(code));
      const forwarder = new Forwarder({ report: (batch) => console.log(batch.request) });
      await pipeline(source.settleWith(forwarder), forwarder);
      for await (const batch of source) source.accepted(batch satisfies LogBatch);
      await source.close();
      const given: BatchSource = source;
      new BoundaryLogProxy({ source: given });
    }

    // @ts-expect-error
    new JetStreamSource({});
    // @ts-expect-error
    export const notAny: number = new JetStreamSource(options);
  `,
};

let folder: string;
let tarball: string;
let files: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  ({ tarball, files } = await installInto(folder));
  // The optional peer dependency of programs in TypeScript.
  const types = 'node_modules/@types';
  mkdirSync(join(folder, types), { recursive: true });
  symlinkSync(join(PROJECT, types, 'node'), join(folder, types, 'node'));
}, 2 * MINUTES);

afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program in the folder of the user, and returns its stdout. */
async function run(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await exec(command, args, { cwd: folder, timeout: MINUTES });
  return stdout;
}

describe('the tarball', () => {
  test('contains what is needed to use it, and nothing else', () => {
    const expected =
      /^(dist\/(codec|lib)\/.+\.(m?js|d\.m?ts)|dist\/package\.json|dist\/config\.schema\.json|proto\/.+\.proto|[A-Z]+(\.md)?|package\.json)$/;
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    expect(files).toContain('dist/config.schema.json');
    const top = files.filter((file) => !file.includes('/'));
    expect(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']).toEqual(expect.arrayContaining(top));
    expect(top).toEqual(expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'package.json']));
  });

  test('publint finds nothing', async () => {
    const { buffer, byteOffset, byteLength } = readFileSync(tarball);
    const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    const { messages } = await publint({ pack: { tarball: bytes }, strict: true });
    expect(messages).toEqual([]);
  });

  // Whether each way of resolving a module, in each kind of module, finds types that fit the code that it loads.
  test('attw finds nothing', async () => {
    const { problems } = (await checkPackage(
      createPackageFromTarballData(readFileSync(tarball)),
    )) as Analysis;
    expect(problems).toEqual([]);
  });
});

describe('without the client of NATS, which is optional', () => {
  const INSTALL =
    'NATS needs packages that are not installed: run \\"npm install @nats-io/jetstream@^3.4.0 @nats-io/transport-node@^3.4.0\\"';

  test('a report says what to install', async () => {
    const program = `
      const { JetStreamReporter } = require('boundary-log-proxy/reporters/jetstream');
      const { LogBatch } = require('boundary-log-proxy');
      const reporter = new JetStreamReporter({ servers: 'nats://127.0.0.1:1' });
      reporter.report(new LogBatch(2, 0, Buffer.alloc(0)), { signal: AbortSignal.timeout(5000) }).catch(async (error) => {
        console.log(JSON.stringify([error.code, error.message]));
        await reporter.close();
      });`;
    expect(await run('node', '-e', program)).toBe(`["ERR_PACKAGE_MISSING","${INSTALL}"]\n`);
  });

  test('a source that is opened says so, and one that is read', async () => {
    const program = `
      const { JetStreamSource } = require('boundary-log-proxy/sources/jetstream');
      const source = new JetStreamSource({ servers: 'nats://127.0.0.1:1' });
      source.on('error', ({ code }) => console.log(code));
      source.open().catch(({ code, message }) => {
        console.log(JSON.stringify([code, message]));
        source.resume();
      });`;
    expect(await run('node', '-e', program)).toBe(
      `["ERR_PACKAGE_MISSING","${INSTALL}"]\nERR_PACKAGE_MISSING\n`,
    );
  });

  test.each([
    ['--socket', 'SOCKET', '--reporter', 'nats://127.0.0.1:1'],
    ['--source', 'nats://127.0.0.1:1'],
  ])('serve %s … says so, and exits with 1', async (...options) => {
    const given = options.map((option) => (option === 'SOCKET' ? join(folder, 's') : option));
    const args = ['serve', '--metrics', 'off', ...given];
    const failed = await run('npx', 'boundary-log-proxy', ...args).catch((error) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining(INSTALL.replaceAll('\\', '')) });
  });
});

describe.each(Object.entries(VALUES))('%s', (entry, names) => {
  // If there were two copies of a class, instanceof would be false for an object of the other one.
  test('import and require return the same objects, with all names', async () => {
    // Prints the names for which both ways return the same instance.
    writeFileSync(
      join(folder, 'names.cjs'),
      `import(process.argv[2]).then((imported) => {
        const required = require(process.argv[2]);
        if (Object.keys(imported).sort().join() !== Object.keys(required).sort().join()) throw new Error('names differ');
        const names = Object.keys(imported).filter((name) => imported[name] === required[name]);
        console.log(JSON.stringify(Object.fromEntries(names.map((name) => [name, typeof imported[name]]))));
      });`,
    );
    expect(JSON.parse(await run(process.execPath, 'names.cjs', entry))).toMatchObject(names);
  });

  // In both kinds of modules, each with this entry alone, so that the entry must bring its own types.
  test(
    'its types work in a .mts and in a .cts file',
    async () => {
      const files = ['mts', 'cts'].map((extension) => `${entry.replaceAll('/', '-')}.${extension}`);
      for (const file of files) writeFileSync(join(folder, file), CONSUMERS[entry as keyof typeof CONSUMERS]);
      const tsc = join(PROJECT, 'node_modules/.bin/tsc');
      const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--target', 'es2022'];
      const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--noEmit'];
      expect(await run(tsc, ...modules, ...strict, ...files).catch(({ stdout }) => stdout)).toBe('');
    },
    MINUTES,
  );
});

test('the recorded vectors are in the tarball, and the codec of the tarball makes of them what is expected', async () => {
  writeFileSync(
    join(folder, 'vectors.mjs'),
    `import { createHash } from 'node:crypto';
    import { boundaryProtocol } from 'boundary-log-proxy';
    import { FrameDecoder } from 'boundary-log-proxy/codec';
    import { vectors } from 'boundary-log-proxy/fixtures';
    const results = vectors.map(({ name, bytes, outcomes }) => {
      const decoder = new FrameDecoder();
      const items = [...decoder.decode(bytes), decoder.end()].filter((item) => item !== undefined);
      const kinds = items.map((item) =>
        'error' in item ? (item.fatal ? 'close' : 'skip') : boundaryProtocol.tags[item.tag].decode(item).kind,
      );
      const isRight = kinds.join() === outcomes.map(({ kind }) => kind).join();
      return [name, isRight, createHash('sha256').update(bytes).digest('hex')];
    });
    console.log(JSON.stringify(results));`,
  );
  const vectors = join(PROJECT, '__tests__/fixtures/vectors');
  const names = readdirSync(vectors).flatMap((file) => /^(.+)\.bin$/.exec(file)?.[1] ?? []);
  expect(names).toHaveLength(138);
  const hashOf = (name: string) =>
    JSON.parse(readFileSync(join(vectors, `${name}.expect.json`), 'utf8')).sha256;
  expect(JSON.parse(await run(process.execPath, 'vectors.mjs'))).toEqual(
    names.sort().map((name) => [name, true, hashOf(name)]),
  );
});

describe('the command', () => {
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  test.each([
    ['--version', `${version}\n`],
    ['--help', expect.stringContaining('Usage: boundary-log-proxy')],
  ])(
    '%s',
    async (option, output) => {
      expect(await run('npx', '--no-install', 'boundary-log-proxy', option)).toEqual(output);
    },
    MINUTES,
  );
});

describe('without the package for OpenTelemetry, which is optional', () => {
  const advice = 'needs packages that are not installed: run "npm install @opentelemetry/otlp-transformer@';

  test('the entry can be imported, and its use says what to install', async () => {
    writeFileSync(
      join(folder, 'otlp.mjs'),
      `import { OtlpReporter } from 'boundary-log-proxy/reporters/otlp';
      const reporter = new OtlpReporter({ url: 'http://127.0.0.1:1' });
      await reporter.load().catch(({ code, message }) => console.log(code, message));`,
    );
    expect(await run(process.execPath, 'otlp.mjs')).toMatch(
      `ERR_PACKAGE_MISSING the reporter for OpenTelemetry ${advice}`,
    );
  });

  test('serve --reporter otlp says what to install, and exits with 1', async () => {
    const args = ['--no-install', 'boundary-log-proxy', 'serve', '--reporter', 'otlp'];
    const socket = join(folder, 's');
    const failed = await run('npx', ...args, '--socket', socket, '--metrics', 'off').catch((error) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining(advice) });
    expect(failed.stderr).toContain('ERR_PACKAGE_MISSING');
    expect(failed.stderr).not.toContain('listening');
  });
});
