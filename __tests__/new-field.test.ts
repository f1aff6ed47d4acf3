import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { varint } from './helpers/naive-protobuf.js';

/*
 * Follows a maintainer who adds fields to `proto/`: edits a copy of the sources, generates, builds, and uses the result.
 */

/** The compilers take about 12 s of CPU, and much longer on a busy machine. */
jest.setTimeout(300_000);

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A copy of some sources in a temporary folder. */
function copyOf(...sources: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'new-field-'));
  folders.push(folder);
  for (const source of ['package.json', 'proto', 'scripts', '__tests__/fixtures/vectors', ...sources]) {
    cpSync(join(ROOT, source), join(folder, source), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/**
 * Inserts a line into a file of the copy: after the line that contains `where`, or before it if that is its
 * end.
 */
function insert(folder: string, file: string, where: string, line: string): void {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n');
  const at = lines.findIndex((other) => other.includes(where));
  expect(at).toBeGreaterThan(-1);
  lines.splice(where === END ? at : at + 1, 0, line);
  writeFileSync(join(folder, file), lines.join('\n'));
}

function run(folder: string, program: string, ...args: string[]): void {
  execFileSync(program, args, { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' }, stdio: 'pipe' });
}

const generate = (folder: string) => run(folder, process.execPath, 'scripts/generate.js');

const REQUEST = 'message ReportBoundaryLogsRequest {';
const LOG = 'bool allowed = 1;';
const HTTP_REQUEST = 'message HttpRequest {';
const STATUS = 'message BoundaryStatus {';
const AGENT = 'proto/agent.proto';
const TABLE = 'scripts/generate/text-fields.js';
/** The end of TEXT_FIELDS. */
const END = '];';

describe('generation fails, and says what to edit, for', () => {
  test.each<[what: string, edits: [file: string, after: string, line: string][], message: string]>([
    [
      'a string in the request without an entry',
      [[AGENT, REQUEST, 'string workspace = 4;']],
      `ReportBoundaryLogsRequest.workspace has no entry in ${TABLE}: add { field: 'workspace', name: '…' }`,
    ],
    [
      'a string in a log without an entry',
      [[AGENT, LOG, 'string note = 5;']],
      `BoundaryLog.note has no entry in ${TABLE}: add { field: 'logs.note', name: '…' }`,
    ],
    [
      'a string in an HTTP request without an entry',
      [[AGENT, HTTP_REQUEST, 'string host = 4;']],
      `HttpRequest.host has no entry in ${TABLE}: add { field: 'logs.http_request.host', name: '…' }`,
    ],
    [
      'a number without an entry',
      [[AGENT, LOG, 'int32 attempts = 5;']],
      `BoundaryLog.attempts has no entry in ${TABLE}`,
    ],
    [
      'a counter in a status that no code reads',
      [['proto/boundary.proto', STATUS, 'int64 dropped_elsewhere = 3;']],
      `BoundaryStatus.dropped_elsewhere has no entry in READ_BY_HAND of ${TABLE}`,
    ],
    [
      'an entry without a field',
      [[TABLE, END, "{ field: 'logs.gone', name: 'gone' },"]],
      `${TABLE}: 'logs.gone' is not a field of proto/`,
    ],
    [
      'a name that two fields have',
      [
        [AGENT, REQUEST, 'string workspace = 4;'],
        [TABLE, END, "{ field: 'workspace', name: 'http_url' },"],
      ],
      `${TABLE}: two entries have the same name`,
    ],
    [
      'a field that text cannot show',
      [
        [AGENT, LOG, 'bytes body = 5;'],
        [TABLE, END, "{ field: 'logs.body', name: 'body' },"],
      ],
      `${TABLE}: 'logs.body' is a bytes, which text cannot show: give it the name null`,
    ],
    [
      'a packed list, which the walk cannot check',
      [[AGENT, LOG, 'repeated int32 ports = 5;']],
      'coder.agent.v2.BoundaryLog.ports is a list of numbers',
    ],
    [
      'a map, which the walk cannot check',
      [[AGENT, LOG, 'map<string, string> labels = 5;']],
      'coder.agent.v2.BoundaryLog.labels is a map',
    ],
    [
      'a message inside itself',
      [[AGENT, LOG, 'BoundaryLog cause = 5;']],
      'coder.agent.v2.BoundaryLog contains itself',
    ],
    [
      'a log that is not counted',
      [
        [AGENT, REQUEST, 'BoundaryLog first = 4;'],
        [TABLE, END, "{ field: 'first', name: null },"],
      ],
      'only ReportBoundaryLogsRequest.logs may be a BoundaryLog',
    ],
  ])('%s', (_what, edits, message) => {
    const folder = copyOf();
    for (const edit of edits) insert(folder, ...edit);
    expect(() => generate(folder)).toThrow(message);
    expect(existsSync(join(folder, 'codec'))).toBe(false);
  });
});

const key = (number: number, wireType: number) => varint(BigInt(number * 8 + wireType));
const field = (number: number, content: Buffer | string) =>
  Buffer.concat([key(number, 2), varint(BigInt(Buffer.byteLength(content))), Buffer.from(content)]);
const scalar = (number: number, value: bigint | number) =>
  Buffer.concat([key(number, 0), varint(BigInt.asUintN(64, BigInt(value)))]);
const log = (...fields: Buffer[]) => field(1, Buffer.concat(fields));
const http = (...fields: Buffer[]) => field(3, Buffer.concat(fields));
const client = (agent: string, since: number) =>
  field(7, Buffer.concat([field(1, agent), field(2, scalar(1, since))]));
/** An unknown field that the fast path does not support, so that the walk decides. */
const UNCOMMON = scalar(100, 1);

/** Longer than the literals that the writer in AssemblyScript copies at once. */
const LONG_NAME = 'workspace_that_the_jailed_command_was_started_in';

describe('after new fields with entries', () => {
  let codec: typeof import('../codec/index.js');
  let fastPath: typeof import('../codec/fast-path.js');
  let walk: typeof import('../codec/walk.js');
  let text: Omit<typeof import('../lib/text/event.js'), 'MESSAGE'> &
    typeof import('../lib/text/format.js') &
    typeof import('../lib/text/json-lines.js') &
    typeof import('../lib/text/outcome.js') &
    typeof import('../lib/text/text-buffer.js');

  beforeAll(async () => {
    const folder = copyOf('codec', 'lib', 'tsconfig.json', 'tsconfig.build.json');
    insert(folder, AGENT, REQUEST, 'string workspace = 4;');
    insert(folder, AGENT, LOG, 'string note = 5; int32 attempts = 6; string far = 16; string hidden = 8;');
    insert(
      folder,
      AGENT,
      HTTP_REQUEST,
      'string host = 4; bool cached = 5; uint32 size = 6; Client client = 7;',
    );
    insert(folder, AGENT, 'oneof resource {', 'FileAccess file_access = 7; Other other = 9;');
    insert(folder, AGENT, 'message BoundaryLog {', 'message FileAccess { string path = 1; }');
    insert(folder, AGENT, 'message BoundaryLog {', 'message Other { string text = 1; }');
    insert(
      folder,
      AGENT,
      HTTP_REQUEST,
      'message Client { string agent = 1; google.protobuf.Timestamp since = 2; }',
    );
    const names = {
      workspace: `'${LONG_NAME}'`,
      'logs.note': "'note'",
      'logs.attempts': "'attempts'",
      'logs.far': "'far'",
      'logs.hidden': 'null',
      'logs.http_request.host': "'http_host'",
      'logs.http_request.cached': "'cached'",
      'logs.http_request.size': "'size'",
      'logs.http_request.client.agent': "'agent'",
      'logs.http_request.client.since': "'since'",
      'logs.file_access.path': "'path'",
      'logs.other': 'null',
    };
    for (const [path, name] of Object.entries(names)) {
      insert(folder, TABLE, END, `{ field: '${path}', name: ${name} },`);
    }
    generate(folder);
    run(folder, process.execPath, 'scripts/build.js');
    const load = (file: string) => import(join(folder, 'dist', file));
    codec = await load('codec/index.js');
    fastPath = await load('codec/fast-path.js');
    walk = await load('codec/walk.js');
    // One after the other: Jest cannot link modules that are imported at the same time.
    text = {} as typeof text;
    for (const file of ['event', 'format', 'json-lines', 'outcome', 'text-buffer']) {
      Object.assign(text, await load(`lib/text/${file}.js`));
    }
  });

  const decoded = (payload: Buffer) => codec.decodeMessage({ tag: 1, payload });
  function batchOf(payload: Buffer) {
    const outcome = decoded(payload);
    if (outcome.kind !== 'logs') throw new Error(`not a batch: ${JSON.stringify(outcome)}`);
    return outcome;
  }
  /** The lines that the fast path writes; undefined if it leaves them to `formatBatch`. */
  function fastLines(payload: Buffer): string | undefined {
    const buffer = new text.TextBuffer();
    return text.appendJsonLines(batchOf(payload), buffer) === undefined
      ? buffer.take().toString()
      : undefined;
  }

  describe.each<[name: string, payload: (content: string | Buffer) => Buffer]>([
    ['in the request', (content) => field(4, content)],
    ['in a log', (content) => log(field(5, content))],
    ['in an HTTP request', (content) => log(http(field(4, content)))],
    ['that text does not show', (content) => log(field(8, content))],
    ['in a message in an HTTP request', (content) => log(http(field(7, field(1, content))))],
    ['in a new message', (content) => log(field(7, field(1, content)))],
    ['in a new message that text does not show', (content) => log(field(9, field(1, content)))],
  ])('a string %s', (_name, payload) => {
    test.each([
      ['ASCII', 'plain'],
      ['beyond ASCII', 'ü日😀'],
    ])('may be %s', (_name, content) => {
      const bytes = payload(content);
      expect(fastPath.checkFast(bytes, 0, bytes.length)).toBeGreaterThanOrEqual(0);
      expect(decoded(Buffer.concat([UNCOMMON, bytes])).kind).toBe('logs');
      expect(JSON.stringify(batchOf(bytes).request)).toContain(content);
    });

    test('must be UTF-8', () => {
      const bytes = payload(Buffer.from('a\xff', 'latin1'));
      expect(fastPath.checkFast(bytes, 0, bytes.length)).toBe(walk.INVALID_UTF8);
      for (const either of [bytes, Buffer.concat([UNCOMMON, bytes])]) {
        expect(walk.checkRequest(either, 0, either.length)).toBe(walk.INVALID_UTF8);
        expect(walk.walkRequest(either, 0, either.length)).toBe(walk.INVALID_UTF8);
        expect(decoded(either)).toMatchObject({ kind: 'skip', error: { code: 'ERR_INVALID_UTF8' } });
      }
    });
  });

  const everything = Buffer.concat([
    log(
      http(field(1, 'GET'), field(4, 'example.com'), scalar(5, 1), scalar(6, 7), client('curl', 1)),
      field(5, 'a "note"'),
      scalar(6, 3),
      field(8, 'secret'),
    ),
    field(4, 'dev'),
  ]);

  test.each([
    [
      'json',
      `{"msg":"boundary_request","decision":"deny","http_method":"GET","${LONG_NAME}":"dev","note":"a \\"note\\"","attempts":3,"http_host":"example.com","cached":true,"size":7,"agent":"curl","since":"1970-01-01T00:00:01Z"}`,
    ],
    [
      'logfmt',
      `msg=boundary_request decision=deny http_method=GET ${LONG_NAME}=dev note="a \\"note\\"" attempts=3 http_host=example.com cached=true size=7 agent=curl since=1970-01-01T00:00:01Z`,
    ],
    [
      'pretty',
      `- deny  GET     - ${LONG_NAME}=dev note="a\\u0020\\"note\\"" attempts=3 http_host=example.com cached=true size=7 agent=curl since=1970-01-01T00:00:01Z`,
    ],
  ] as const)('%s shows them', (format, line) => {
    expect(text.formatBatch(batchOf(everything), format)).toBe(`${line}\n`);
  });

  test.each<[name: string, payload: () => Buffer]>([
    ['everything', () => everything],
    ['nothing', () => log()],
    ['two logs, of which the second has nothing', () => Buffer.concat([everything, log()])],
    ['characters to escape', () => Buffer.concat([log(field(5, '\u001bü\n')), field(4, '"\u2028')])],
    ['the largest numbers', () => log(scalar(6, 2 ** 31 - 1), http(scalar(6, 2 ** 31 - 1)))],
    ['a message in two parts', () => log(http(client('curl', 1)), field(2, ''), http(client('', 2)))],
    ['false and 0', () => log(scalar(6, 0), http(scalar(5, 0), scalar(6, 0)))],
    ['a member of a oneof after another', () => log(http(field(2, 'u')), field(7, field(1, '/etc')))],
    ['a member of a oneof before another', () => log(field(7, field(1, '/etc')), http(field(2, 'u')))],
    [
      'a member of a oneof again',
      () => log(http(field(1, 'GET'), field(2, 'u')), field(7, field(1, '/etc')), http(field(2, 'v'))),
    ],
    ['a hidden member of a oneof after another', () => log(http(field(2, 'u')), field(9, ''))],
  ])('the fast path writes the same JSON: %s', (_name, payload) => {
    expect(fastLines(payload())).toBe(text.formatBatch(batchOf(payload()), 'json'));
  });

  test.each<[name: string, payload: () => Buffer, shown: string]>([
    ['a negative number', () => log(scalar(6, -1)), '"attempts":-1'],
    ['a number beyond int32', () => log(http(scalar(6, 2 ** 32 - 1))), '"size":4294967295'],
    ['a second time that is before 1970', () => log(http(client('', -1))), '"since":"1969-12-31T23:59:59Z"'],
    ['a field number with a key of two bytes', () => log(field(16, 'x')), '"far":"x"'],
    ['a long text that each line repeats', () => Buffer.concat([log(), field(4, 'x'.repeat(65))]), 'x[cut]'],
  ])('the fast path writes %s', (_name, payload, shown) => {
    expect(fastLines(payload())).toBe(text.formatBatch(batchOf(payload()), 'json'));
    expect(text.formatBatch(batchOf(payload()), 'json')).toContain(shown);
  });

  test('decode --outcomes shows them by their names in proto/', () => {
    expect(codec.describeOutcome(decoded(everything))).toMatchObject({
      workspace: 'dev',
      logs: [
        {
          note: 'a "note"',
          attempts: 3,
          hidden: 'secret',
          http_request: {
            host: 'example.com',
            cached: true,
            size: 7,
            client: { agent: 'curl', since: { seconds: '1', nanos: 0 } },
          },
          file_access: null,
        },
      ],
    });
  });

  test('a line of JSON becomes the log that it was made of', () => {
    const { hidden, ...shown } = batchOf(everything).request.logs[0] as Record<string, unknown>;
    const line = text.formatBatch(batchOf(everything), 'json');
    const again = codec.encodeLogs({ logs: [text.logOf(text.toEvent(JSON.parse(line)))] }, 1).subarray(4);
    expect(JSON.parse(JSON.stringify(batchOf(again).request.logs[0]))).toMatchObject(
      JSON.parse(JSON.stringify(shown)),
    );
  });

  test.each([
    [
      { attempts: 2 ** 31 },
      'attempts: got 2147483648, expected a whole number from -2147483648 to 2147483647',
    ],
    [{ size: -1 }, 'size: got -1, expected a whole number from 0 to 4294967295'],
    [{ cached: 'yes' }, 'cached: got "yes", expected a boolean'],
    [{ note: 5 }, 'note: got 5, expected a string'],
  ])('%j is not a valid event', (fields, message) => {
    expect(() => text.toEvent({ decision: 'deny', ...fields })).toThrow(message);
  });

  test('a number that its field cannot have is not encoded', () => {
    const log = (fields: object) => ({ logs: [fields] });
    expect(() => codec.encodeLogs(log({ attempts: 2 ** 31 }))).toThrow(
      'logs[0].attempts: got 2147483648, expected a whole number from -2147483648 to 2147483647',
    );
    expect(() => codec.encodeLogs(log({ httpRequest: { size: -1 } }))).toThrow(
      'logs[0].httpRequest.size: got -1, expected a whole number from 0 to 4294967295',
    );
  });
});
