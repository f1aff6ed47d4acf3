import { expect, test } from '@jest/globals';
import { resolveOtlpOptions } from '../../../../lib/reporters/otlp/options.js';
import { selfSigned } from '../../../helpers/certificate.js';
import { thrown } from '../../../helpers/thrown.js';

const url = 'http://localhost:4318/v1/logs';
const { cert, key } = selfSigned();

test.each<[what: string, options: object]>([
  ['a URL alone', { url }],
  ['https', { url: 'https://example.com/x?y=z' }],
  ['headers', { url, headers: { Authorization: 'Bearer x', host: 'other' } }],
  ['an authority', { url, tls: { ca: cert } }],
  ['a certificate of the client', { url, tls: { cert, key: Buffer.from(key) } }],
])('%s is accepted', (_what, options) => {
  expect(resolveOtlpOptions(options as never)).toMatchObject(options);
});

test.each<[what: string, options: object, text: string]>([
  ['no URL', {}, 'url: got undefined'],
  ['a password in the URL', { url: 'http://user:s3cr3t@a/' }, 'url: got a value that is not shown here'],
  ['a text that is not a URL', { url: 's3cr3t' }, 'url: got'],
  ['a header that is not a text', { url, headers: { a: { s3cr3t: 1 } } }, 'headers: got'],
  ['a header with a line feed', { url, headers: { a: 's3cr3t\n' } }, 'headers: a: got'],
  ['a header of the reporter', { url, headers: { 'Content-Type': 's3cr3t' } }, 'content-type cannot be set'],
  ['an unknown name in tls', { url, tls: { pfx: 's3cr3t' } }, 'tls: got a value that is not shown here'],
  ['a key without a certificate', { url, tls: { key: 's3cr3t' } }, 'cert and key only together'],
  [
    'a key that is not PEM',
    { url, tls: { cert, key: 's3cr3t' } },
    'tls: the certificates or the key cannot be used',
  ],
  ['an authority that is not PEM', { url, tls: { ca: '-----BEGIN CERTIFICATE-----\ns3cr3t' } }, 'tls'],
  [
    'a key of another certificate',
    { url, tls: { cert, key: selfSigned().key } },
    'tls: the certificates or the key',
  ],
  ['grpc', { url, protocol: 'grpc' }, 'protocol: got "grpc", expected one of http/protobuf, http/json'],
  ['an attribute that is not a text', { url, resource: { a: 1 } }, 'resource: got'],
  ['an unknown option', { url, header: {} }, 'did you mean headers?'],
])('%s is rejected, and no secret is in the message', (_what, options, text) => {
  const error = thrown(() => resolveOtlpOptions(options as never));
  expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' });
  expect(error.message).toMatch(/^OtlpReporter: /);
  expect(error.message).toContain(text);
  expect(error.message).not.toContain('s3cr3t');
});
