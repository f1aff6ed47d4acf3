import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { otlpOptionsOf } from '../../../../lib/reporters/otlp/environment.js';
import { resolveOtlpOptions } from '../../../../lib/reporters/otlp/options.js';
import { selfSigned } from '../../../helpers/certificate.js';
import { ROOT } from '../../../helpers/code-blocks.js';
import { tableAfter } from '../../../helpers/markdown.js';
import { tempPaths } from '../../../helpers/temp.js';
import { thrown } from '../../../helpers/thrown.js';

const path = tempPaths();
const P = 'OTEL_EXPORTER_OTLP_';

test('without variables', () => {
  const { options, warnings } = otlpOptionsOf({});
  expect(options).toEqual({ url: 'http://localhost:4318/v1/logs', resource: {}, tls: {} });
  expect(warnings).toEqual([]);
  expect(resolveOtlpOptions(options)).toMatchObject({
    protocol: 'http/protobuf',
    headers: {},
    timeoutMs: 10_000,
    compression: 'none',
    resource: { 'service.name': 'boundary-log-proxy' },
  });
});

test('the variables of the process are the default', () => {
  const before = process.env.OTEL_SERVICE_NAME;
  process.env.OTEL_SERVICE_NAME = 'by default';
  try {
    expect(otlpOptionsOf().options.resource).toMatchObject({ 'service.name': 'by default' });
  } finally {
    if (before === undefined) delete process.env.OTEL_SERVICE_NAME;
    else process.env.OTEL_SERVICE_NAME = before;
  }
});

describe('the endpoint', () => {
  test.each([
    ['http://collector:4318', undefined, 'http://collector:4318/v1/logs'],
    ['http://collector:4318/', undefined, 'http://collector:4318/v1/logs'],
    ['https://example.com/otlp', undefined, 'https://example.com/otlp/v1/logs'],
    ['https://example.com/otlp//', undefined, 'https://example.com/otlp/v1/logs'],
    ['https://example.com/otlp?a=b', undefined, 'https://example.com/otlp/v1/logs?a=b'],
    [' http://collector:4318 ', undefined, 'http://collector:4318/v1/logs'],
    ['', undefined, 'http://localhost:4318/v1/logs'],
    ['http://a/', 'http://b/custom', 'http://b/custom'],
    [undefined, 'http://b/custom/', 'http://b/custom/'],
    [undefined, 'http://b', 'http://b/'],
    ['http://a', '', 'http://a/v1/logs'],
    // The one that is stronger decides.
    ['nonsense', 'http://b/x', 'http://b/x'],
  ])('%s, and for logs %s', (base, logs, url) => {
    expect(otlpOptionsOf({ [`${P}ENDPOINT`]: base, [`${P}LOGS_ENDPOINT`]: logs }).options.url).toBe(url);
  });

  test.each([
    'collector:4317',
    'localhost:4318',
    'http://',
    'ftp://collector/',
    'grpc://collector:4317',
    'http://user:s3cr3t@collector:4318',
    'http://collector/#s3cr3t',
    'nonsense s3cr3t',
  ])('%s is an error that does not show it', (value) => {
    for (const name of ['ENDPOINT', 'LOGS_ENDPOINT']) {
      const error = thrown(() => otlpOptionsOf({ [P + name]: value }));
      expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' });
      expect(error.message).toContain(`${P}${name}: `);
      expect(error.message).not.toContain('s3cr3t');
    }
  });
});

describe('each variable for logs wins over that for all signals, and an empty one is not set', () => {
  test.each([
    ['PROTOCOL', 'http/json', 'http/protobuf', 'protocol', 'http/json', 'http/protobuf'],
    ['TIMEOUT', '5', '7', 'timeoutMs', 5, 7],
    ['COMPRESSION', 'gzip', 'none', 'compression', 'gzip', 'none'],
    ['HEADERS', 'a=1', 'b=2', 'headers', { a: '1' }, { b: '2' }],
  ] as const)('%s', (suffix, one, other, option, first, second) => {
    const optionOf = (all?: string, logs?: string) =>
      otlpOptionsOf({ [P + suffix]: all, [`${P}LOGS_${suffix}`]: logs }).options[option];
    expect(optionOf(one)).toEqual(first);
    expect(optionOf(undefined, one)).toEqual(first);
    expect(optionOf(one, other)).toEqual(second);
    expect(optionOf(one, '')).toEqual(first);
    expect(optionOf('', '  ')).toBeUndefined();
  });
});

describe('what OpenTelemetry says to ignore is a warning, and the default applies', () => {
  test.each([
    ['PROTOCOL', 'http/xml', 'protocol'],
    ['PROTOCOL', 'http', 'protocol'],
    ['COMPRESSION', 'zstd', 'compression'],
    ['TIMEOUT', '0', 'timeoutMs'],
    ['TIMEOUT', '-5', 'timeoutMs'],
    ['TIMEOUT', '10s', 'timeoutMs'],
    ['TIMEOUT', '1.5', 'timeoutMs'],
    ['TIMEOUT', '99999999999999', 'timeoutMs'],
    ['COMPRESSION', 'a\u001b[31m', 'compression'],
  ] as const)('%s=%s', (suffix, value, option) => {
    const { options, warnings } = otlpOptionsOf({ [P + suffix]: value });
    expect(options[option]).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(`${P}${suffix} is ignored: got `)]);
    expect(warnings[0]).not.toContain('\u001b');
  });

  test.each([
    ['PROTOCOL', 'HTTP/JSON', 'protocol', 'http/json'],
    ['COMPRESSION', 'GZip', 'compression', 'gzip'],
  ] as const)('but not the case of %s=%s', (suffix, value, option, expected) => {
    const { options, warnings } = otlpOptionsOf({ [P + suffix]: value });
    expect([options[option], warnings]).toEqual([expected, []]);
  });
});

test.each(['grpc', 'GRPC'])('the protocol %s is an error that says what to do', (value) => {
  for (const name of [`${P}PROTOCOL`, `${P}LOGS_PROTOCOL`]) {
    expect(thrown(() => otlpOptionsOf({ [name]: value }))).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(
        new RegExp(`^${name}: grpc is not supported: set it to http/protobuf or http/json.*4318`),
      ),
    });
  }
});

describe('headers', () => {
  test.each<[text: string, headers: Record<string, string>]>([
    ['a=1', { a: '1' }],
    ['a=1,b=2', { a: '1', b: '2' }],
    [' a = 1 , b = 2 ,', { a: '1', b: '2' }],
    ['authorization=Basic%20dXNlcjpwYXNz', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['authorization=Basic dXNlcjpwYXNz==', { authorization: 'Basic dXNlcjpwYXNz==' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=%2C%3D%25', { a: ',=%' }],
    ['a=x;y=z', { a: 'x;y=z' }],
    ['a=1,a=2', { a: '2' }],
    ['a=', { a: '' }],
    ['x%2Dy=1', { 'x-y': '1' }],
  ])('%s', (text, headers) => {
    expect(otlpOptionsOf({ [`${P}HEADERS`]: text }).options.headers).toEqual(headers);
  });

  test.each([
    ['s3cr3t', 'name=value'],
    ['=s3cr3t', 'name=value'],
    ['a=1,s3cr3t', 'name=value'],
    ['a=s3cr3t%zz', '%25'],
    ['a=s3cr3t%', '%25'],
    ['%=s3cr3t', '%25'],
    ['a b=s3cr3t', 'a name that HTTP does not allow'],
    ['a=s3cr3t%0Ab', 'a: got a value with characters'],
    ['a=%F0%9F%98%80s3cr3t', 'a: got a value with characters'],
    ['content-type=s3cr3t', 'content-type cannot be set'],
    ['Content-Length=3', 'content-length cannot be set'],
  ])('%s is an error that does not show the value', (text, why) => {
    const error = thrown(() => otlpOptionsOf({ [`${P}LOGS_HEADERS`]: text }));
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' });
    expect(error.message).toMatch(new RegExp(`^${P}LOGS_HEADERS: `));
    expect(error.message).toContain(why);
    expect(error.message).not.toContain('s3cr3t');
  });
});

describe('the resource', () => {
  test.each<[attributes: string | undefined, service: string | undefined, resource: Record<string, string>]>([
    ['a=1,b=2', undefined, { a: '1', b: '2' }],
    ['host.name=my%20host', undefined, { 'host.name': 'my host' }],
    ['service.name=a', undefined, { 'service.name': 'a' }],
    ['service.name=a', 'b', { 'service.name': 'b' }],
    [undefined, 'b%20c', { 'service.name': 'b%20c' }],
    ['', '', {}],
    ['a=%C3%BC', undefined, { a: 'ü' }],
    ['__proto__=x', undefined, JSON.parse('{"__proto__":"x"}')],
  ])('%s, service %s', (attributes, service, expected) => {
    const { options, warnings } = otlpOptionsOf({
      OTEL_RESOURCE_ATTRIBUTES: attributes,
      OTEL_SERVICE_NAME: service,
    });
    expect(options.resource).toEqual(expected);
    expect(Object.keys(options.resource ?? {})).toEqual(Object.keys(expected));
    expect(warnings).toEqual([]);
  });

  test.each(['a', 'a=1,b', '=1', 'a=%zz'])('%s is ignored as a whole, with a warning', (attributes) => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: 'kept' };
    const { options, warnings } = otlpOptionsOf(env);
    expect(options.resource).toEqual({ 'service.name': 'kept' });
    expect(warnings).toEqual([expect.stringMatching(/^OTEL_RESOURCE_ATTRIBUTES is ignored: /)]);
  });
});

describe('files', () => {
  const { cert, key } = selfSigned();
  const fileOf = (text: string) => {
    const file = path();
    writeFileSync(file, text);
    return file;
  };

  test('are read at once', () => {
    const { tls } = otlpOptionsOf({
      [`${P}CERTIFICATE`]: '/nowhere',
      [`${P}LOGS_CERTIFICATE`]: fileOf(cert),
      [`${P}CLIENT_CERTIFICATE`]: fileOf(cert),
      [`${P}CLIENT_KEY`]: fileOf(key),
    }).options;
    expect([tls?.ca, tls?.cert, tls?.key].map(String)).toEqual([cert, cert, key]);
  });

  test.each(['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'])(
    '%s that is missing is an error',
    (suffix) => {
      expect(thrown(() => otlpOptionsOf({ [P + suffix]: '/nowhere/x.pem' }))).toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(
          new RegExp(`^${P}${suffix}: the file cannot be read \\((Error: )?ENOENT.*correct its path`),
        ),
      });
    },
  );

  test('a certificate of the client without its key is an error', () => {
    expect(thrown(() => otlpOptionsOf({ [`${P}CLIENT_KEY`]: fileOf(key) }))).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('only one of them is set'),
    });
  });
});

test('the table in docs/opentelemetry.md has every variable, and the defaults', () => {
  const page = readFileSync(join(ROOT, 'docs/opentelemetry.md'), 'utf8');
  const rows = tableAfter(page, '| variable');
  const documented = rows.flatMap(([names = '']) =>
    names.split(', ').map((name) => name.replaceAll('`', '')),
  );
  const source = readFileSync(join(ROOT, 'lib/reporters/otlp/environment.ts'), 'utf8');
  const general = [
    'ENDPOINT',
    'PROTOCOL',
    'HEADERS',
    'TIMEOUT',
    'COMPRESSION',
    'CERTIFICATE',
    'CLIENT_CERTIFICATE',
    'CLIENT_KEY',
  ];
  for (const suffix of general) expect(source).toMatch(new RegExp(`'(OTEL_EXPORTER_OTLP_)?${suffix}'`));
  expect(documented).toEqual([
    ...general.map((suffix) => P + suffix),
    'OTEL_RESOURCE_ATTRIBUTES',
    'OTEL_SERVICE_NAME',
  ]);
  const defaultOf = (name: string) => rows.find(([names]) => names?.includes(name))?.[1];
  const { protocol, timeoutMs, compression } = resolveOtlpOptions(otlpOptionsOf({}).options);
  expect(defaultOf('ENDPOINT')).toContain('http://localhost:4318');
  expect(defaultOf('PROTOCOL')).toContain(protocol);
  expect(defaultOf('TIMEOUT')).toContain(String(timeoutMs));
  expect(defaultOf('COMPRESSION')).toContain(compression);
});
