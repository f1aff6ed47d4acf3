import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { LogBatch, type LogsInput, Tag } from '../../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../../codec/messages.js';
import { type TextOutput, TextReporter, type TextReporterOptions } from '../../../lib/index.js';
import { formatBatch } from '../../../lib/text/format.js';
import { logBatch } from '../../helpers/messages.js';
import { MISBEHAVIOURS } from '../../helpers/misbehaviour.js';
import { thrown } from '../../helpers/thrown.js';

test.each([undefined, 'json', 'logfmt', 'pretty'] as const)(
  'writes a batch in the format %s',
  async (format) => {
    const stream = new PassThrough();
    const reporter = new TextReporter({ stream, format });
    await reporter.report(logBatch(3));
    await reporter.report(logBatch(2, 3));
    const text = formatBatch(logBatch(5), format ?? 'json');
    // From Node 26 on, read() returns one chunk at a time.
    let written = '';
    for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) written += chunk;
    expect(written).toBe(text);
    expect(stream.writableEnded).toBe(false);
  },
);

test.each([
  ['calls back twice', () => undefined],
  ['calls back twice, and then throws', () => { throw new Error('thrown'); }], // biome-ignore format: one line a case
])('a stream that %s: each report has one result', async (_what, end) => {
  const written: string[] = [];
  const stream: TextOutput = {
    on: () => undefined,
    write(text, callback) {
      written.push(String(text));
      callback();
      callback(new Error('too late'));
      return end() ?? true;
    },
  };
  const reporter = new TextReporter({ stream });
  await Promise.all([reporter.report(logBatch(1)), reporter.report(logBatch(1, 1))]);
  await reporter.report(logBatch(1, 2));
  expect(written.join('')).toBe(formatBatch(logBatch(3), 'json'));
});

test('a report of a batch without events completes synchronously', () => {
  const stream = new PassThrough();
  expect(new TextReporter({ stream }).report(logBatch(0))).toBeUndefined();
  expect(stream.readableLength).toBe(0);
});

test('a report succeeds when the stream has written its text, not before', async () => {
  let pass = () => undefined as unknown;
  const stream = new Writable({
    write(_chunk, _encoding, callback) {
      pass = callback;
    },
  });
  let reported = 0;
  const reporter = new TextReporter({ stream });
  const report = (first: number) =>
    Promise.resolve(reporter.report(logBatch(1, first))).then(() => reported++);
  const first = report(0);
  await turn();
  const second = report(1);
  await turn();
  expect(reported).toBe(0);
  pass();
  await first;
  await turn();
  expect(reported).toBe(1);
  pass();
  await second;
  expect(reported).toBe(2);
});

/** Collects what is written, and calls back at once, with errors that the test chooses. */
class Output implements TextOutput {
  readonly chunks: Uint8Array[] = [];
  /** The results of the next writes. */
  readonly ends: [error?: Error | undefined, written?: number][] = [];
  readonly keepsNothing?: boolean;

  constructor(keepsNothing?: boolean) {
    if (keepsNothing !== undefined) this.keepsNothing = keepsNothing;
  }

  write(text: Uint8Array, callback: (error?: Error, written?: number) => void): boolean {
    this.chunks.push(text);
    callback(...(this.ends.shift() ?? []));
    return true;
  }

  on(): void {}

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

const SOME = logBatch(1, 7);
const lengthOf = (batch: LogBatch) => formatBatch(batch, 'json').length;

async function outcomes(reporter: TextReporter, batches: LogBatch[]): Promise<string[]> {
  const settled = await Promise.allSettled(batches.map((batch) => reporter.report(batch)));
  return settled.map((result) => (result.status === 'rejected' ? result.reason.message : 'reported'));
}

describe('reports of the same turn', () => {
  test.each(['json', 'logfmt', 'pretty'] as const)('are one write, in order: %s', async (format) => {
    const output = new Output();
    const reporter = new TextReporter({ stream: output, format });
    expect(await outcomes(reporter, [logBatch(3), logBatch(0), logBatch(2, 3)])).toEqual(
      Array(3).fill('reported'),
    );
    expect(output.chunks).toHaveLength(1);
    expect(output.text).toBe(formatBatch(logBatch(5), format));
    await reporter.report(SOME);
    expect(output.chunks).toHaveLength(2);
  });

  test('are several writes if they are large', async () => {
    const output = new Output();
    const reporter = new TextReporter({ stream: output });
    const batches = Array.from({ length: 30 }, (_, i) => logBatch(100, 100 * i));
    expect(await outcomes(reporter, batches)).toEqual(batches.map(() => 'reported'));
    expect(output.chunks.length).toBeGreaterThan(1);
    expect(output.chunks.length).toBeLessThan(10);
    expect(output.text === formatBatch(logBatch(3000), 'json')).toBe(true);
  });

  test('keep their order if some of them need escapes in JSON', async () => {
    const output = new Output();
    const reporter = new TextReporter({ stream: output });
    const raw = Buffer.from(
      ReportBoundaryLogsRequest.encode({ logs: [{ httpRequest: { url: '"ü"' } }] }).finish(),
    );
    const batches = [SOME, new LogBatch(Tag.V2, 1, raw), SOME];
    await outcomes(reporter, batches);
    expect(output.chunks).toHaveLength(1);
    expect(output.text).toBe(batches.map((batch) => formatBatch(batch, 'json')).join(''));
  });
});

describe('a batch with megabytes of text', () => {
  const PIECE = 2 ** 18;
  // It fits into a frame, so WebAssembly writes its JSON.
  const large = () => {
    const logs = Array.from({ length: 6000 }, (_, i) => ({ sequenceNumber: i + 1 }));
    return batchOf({ sessionId: 'x'.repeat(500), confinedProcessName: 'p'.repeat(500), logs });
  };
  const batchOf = (input: LogsInput) =>
    new LogBatch(
      Tag.V2,
      input.logs?.length ?? 0,
      Buffer.from(ReportBoundaryLogsRequest.encode(input).finish()),
    );

  test.each(['json', 'logfmt', 'pretty'] as const)('is written in pieces: %s', async (format) => {
    const output = new Output();
    await new TextReporter({ stream: output, format }).report(large());
    expect(output.text === formatBatch(large(), format)).toBe(true);
    expect(output.chunks.length).toBeGreaterThan(3);
    for (const chunk of output.chunks) expect(chunk.length).toBeLessThan(PIECE + 1000);
  });

  test('is reported when its last piece is written, and those behind it come after it', async () => {
    const output = new Output();
    const pending: (() => void)[] = [];
    const { write } = output;
    output.write = (text, callback) => {
      pending.push(() => write.call(output, text, callback));
      return true;
    };
    const reporter = new TextReporter({ stream: output });
    const reported: string[] = [];
    const first = reporter.report(large())?.then(() => reported.push('large'));
    const second = reporter.report(SOME)?.then(() => reported.push('small'));
    const order: string[] = [];
    for (let write = pending.shift(); write !== undefined; write = pending.shift()) {
      expect(reported).not.toContain('large');
      write();
      await turn();
      order.push(...reported.slice(order.length));
    }
    await Promise.all([first, second]);
    expect(order).toEqual(['large', 'small']);
    expect(output.text === formatBatch(large(), 'json') + formatBatch(SOME, 'json')).toBe(true);
  });

  test('fails if one of its pieces cannot be written, and the next batch is written', async () => {
    const output = new Output();
    output.ends.push([], [new Error('ENOSPC')]);
    const reporter = new TextReporter({ stream: output });
    expect(await outcomes(reporter, [large(), SOME])).toEqual(['ENOSPC', 'reported']);
    expect(output.chunks).toHaveLength(3);
  });

  test.each(['json', 'logfmt', 'pretty'] as const)(
    'continues where it failed if it is retried: %s',
    async (format) => {
      const output = new Output();
      output.ends.push([], [new Error('ENOSPC')]);
      const reporter = new TextReporter({ stream: output, format });
      const batch = large();
      expect(await outcomes(reporter, [batch])).toEqual(['ENOSPC']);
      // The second piece was not written.
      output.chunks.pop();
      expect(await outcomes(reporter, [batch])).toEqual(['reported']);
      expect(output.text === formatBatch(batch, format)).toBe(true);
    },
  );
});

describe('a batch that cannot be written as text', () => {
  const whole = logBatch(3).raw;
  // The last log ends before its length says.
  const INVALID = new LogBatch(Tag.V2, 4, Buffer.concat([whole, Buffer.of(0x0a, 9)]));

  test.each(['json', 'logfmt', 'pretty'] as const)(
    'fails permanently, and the others are written: %s',
    async (format) => {
      const output = new Output();
      const reporter = new TextReporter({ stream: output, format });
      const first = reporter.report(SOME);
      expect(thrown(() => reporter.report(INVALID))).toMatchObject({
        code: 'ERR_INVALID_BATCH',
        permanent: true,
        cause: { code: 'ERR_INVALID_PROTOBUF' },
      });
      await Promise.all([first, reporter.report(SOME)]);
      expect(output.text).toBe(formatBatch(SOME, format).repeat(2));
    },
  );

  test('fails permanently after some of its pieces were written', async () => {
    const logs = Array.from({ length: 3000 }, () => ({}));
    const start = ReportBoundaryLogsRequest.encode({ sessionId: 'x'.repeat(100), logs }).finish();
    const batch = new LogBatch(Tag.V2, 3001, Buffer.concat([start, Buffer.of(0x0a, 2, 0x1a, 9)]));
    const output = new Output();
    const reporter = new TextReporter({ stream: output });
    await expect(reporter.report(batch)).rejects.toMatchObject({
      code: 'ERR_INVALID_BATCH',
      permanent: true,
    });
    expect(output.text.endsWith('}\n')).toBe(true);
  });
});

describe('a function as the format', () => {
  test('returns the lines of each batch, or none', async () => {
    const output = new Output();
    const format = (batch: LogBatch) => (batch.count === 1 ? [] : [`${batch.count} logs\n`, 'and more\n']);
    const reporter = new TextReporter({ stream: output, format });
    expect(reporter.report(logBatch(1))).toBeUndefined();
    await reporter.report(logBatch(3));
    expect(output.text).toBe('3 logs\nand more\n');
  });

  test('writes a long text in pieces', async () => {
    const output = new Output();
    const line = `${'x'.repeat(999)}\n`;
    const format = function* () {
      for (let i = 0; i < 1000; i++) yield line;
    };
    await new TextReporter({ stream: output, format }).report(SOME);
    expect(output.text).toBe(line.repeat(1000));
  });

  test.each<readonly [what: string, format: (batch: LogBatch) => unknown]>([
    ...MISBEHAVIOURS,
    ['returns nothing', () => undefined],
    ['returns something else than strings', () => [Buffer.from('x\n')]],
    ['throws after some lines', function* () { yield 'x\n'; throw null; }], // biome-ignore format: one line a case
  ])('that %s fails permanently, and writes nothing', async (_what, format) => {
    const output = new Output();
    const reporter = new TextReporter({ stream: output, format: format as () => string[] });
    expect(thrown(() => reporter.report(SOME))).toMatchObject({ code: 'ERR_INVALID_BATCH', permanent: true });
    // A promise that rejects would end the process by then.
    await turn();
    expect(output.text).toBe('');
  });

  test('is the only other format that is accepted', () => {
    expect(() => new TextReporter({ format: {} as 'json' })).toThrow(
      'TextReporter: format: got an object, expected one of json, logfmt, pretty, or a function',
    );
  });
});

test.each([
  ['not reused if the stream may keep it', undefined, ['7', '8']],
  ['reused if the stream does not keep it', true, ['8', '8']],
])('the memory of a text is %s', async (_name, keepsNothing, numbers) => {
  const output = new Output(keepsNothing);
  const reporter = new TextReporter({ stream: output });
  await reporter.report(logBatch(1, 7));
  await reporter.report(logBatch(1, 8));
  expect(output.chunks.map((chunk) => JSON.parse(String(chunk)).http_url.at(-1))).toEqual(numbers);
});

describe('an output that writes only a part', () => {
  test('receives the rest again, and batches that are completely written are reported meanwhile', async () => {
    const output = new Output();
    const pending: (() => void)[] = [];
    const { write } = output;
    output.write = (text, callback) => {
      pending.push(() => write.call(output, text, callback));
      return true;
    };
    const batches = [0, 1, 2].map((number) => logBatch(1, number));
    // The first batch and a half, one byte, then the rest.
    const length = lengthOf(batches[0] as LogBatch);
    output.ends.push([undefined, Math.floor(1.5 * length)], [undefined, 1]);
    const reporter = new TextReporter({ stream: output });
    const reported: number[] = [];
    const all = batches.map((batch, i) => reporter.report(batch)?.then(() => reported.push(i)));
    await turn();
    for (const expected of [[0], [0], [0, 1, 2]]) {
      pending.shift()?.();
      await turn();
      expect(reported).toEqual(expected);
    }
    await Promise.all(all);
    const text = formatBatch(logBatch(3), 'json');
    const from = [0, Math.floor(1.5 * length), Math.floor(1.5 * length) + 1];
    expect(output.chunks.map(String)).toEqual(from.map((start) => text.slice(start)));
  });

  test('and then fails: only the reports of the rest fail', async () => {
    const output = new Output();
    const batches = [0, 1, 2].map((number) => logBatch(1, number));
    output.ends.push([undefined, lengthOf(batches[0] as LogBatch)], [new Error('EIO')]);
    expect(await outcomes(new TextReporter({ stream: output }), batches)).toEqual(['reported', 'EIO', 'EIO']);
  });
});

describe('a stream that fails', () => {
  test('fails the report, and later ones if it was destroyed', async () => {
    const broken = new Error('EPIPE');
    const stream = new Writable({ write: (_chunk, _encoding, callback) => callback(broken) });
    const closed = once(stream, 'close').catch((error) => error);
    const reporter = new TextReporter({ stream });
    await expect(reporter.report(logBatch(1))).rejects.toBe(broken);
    expect(await closed).toBe(broken);
    stream.on('error', () => undefined);
    await expect(reporter.report(logBatch(1))).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });

  test('and continues, like stdout, fails only the reports of that write', async () => {
    const output = new Output();
    output.ends.push([], [new Error('EAGAIN')]);
    const reporter = new TextReporter({ stream: output });
    expect(await outcomes(reporter, [SOME])).toEqual(['reported']);
    expect(await outcomes(reporter, [SOME, SOME])).toEqual(['EAGAIN', 'EAGAIN']);
    expect(await outcomes(reporter, [SOME])).toEqual(['reported']);
  });

  test.each([
    ['none of', 0, ['ENOSPC', 'ENOSPC', 'ENOSPC']],
    ['less than', lengthOf(SOME) - 1, ['ENOSPC', 'ENOSPC', 'ENOSPC']],
    ['exactly', lengthOf(SOME), ['reported', 'ENOSPC', 'ENOSPC']],
    ['more than', 2 * lengthOf(SOME) + 1, ['reported', 'reported', 'ENOSPC']],
  ])('after it has written %s one batch fails the others', async (_name, written, expected) => {
    const output = new Output();
    output.ends.push([new Error('ENOSPC'), written]);
    expect(await outcomes(new TextReporter({ stream: output }), [SOME, SOME, SOME])).toEqual(expected);
  });

  test('by throwing fails the report in the same way', async () => {
    const stream = {
      write() {
        throw new Error('thrown');
      },
      on() {},
    };
    expect(await outcomes(new TextReporter({ stream }), [SOME, SOME])).toEqual(['thrown', 'thrown']);
  });
});

test.each<[option: string, value: unknown]>([
  ['stream', 1],
  ['stream', {}],
  ['stream', { write() {} }],
  ['format', 'xml'],
  ['format', ''],
  ['color', 'yes'],
])('the option %s rejects %p', (option, value) => {
  const error = thrown(() => new TextReporter({ [option]: value } as TextReporterOptions));
  expect(error).toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining(`${option}: got`),
  });
});
