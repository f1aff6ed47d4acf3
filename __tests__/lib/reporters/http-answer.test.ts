import { expect, test } from '@jest/globals';
import { connectionError, oneLine, parseRetryAfter } from '../../../lib/reporters/http-answer.js';

test.each([
  ['plain', 'plain'],
  ['  two\r\nlines\u2028and\u001b[31m more ', 'two lines and [31m more'],
  ['x'.repeat(301), `${'x'.repeat(300)}…`],
])('the text %j of a server fits on one line of a message', (text, line) => {
  expect(oneLine(text)).toBe(line);
});

test.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', 'Trust its certificate authority with MY_CA'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'Trust its certificate authority with MY_CA'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'Trust its certificate authority with MY_CA'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'Trust its certificate authority with MY_CA'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'Its certificate is for another name: use that one in the URL'],
  ['CERT_HAS_EXPIRED', 'Renew its certificate, or correct the clock of this machine'],
  ['CERT_NOT_YET_VALID', 'Renew its certificate, or correct the clock of this machine'],
  ['EPROTO', 'Does this port speak TLS? Otherwise its URL begins with http'],
  ['HPE_INVALID_CONSTANT', 'What answers is not HTTP. Does the URL have to begin with https?'],
  ['ECONNREFUSED', undefined],
])('the error %s of a connection', (code, meaning) => {
  const error = Object.assign(new Error('as\u001bit says'), { code });
  expect(connectionError(error, 'MY_CA')).toEqual({ why: `${code}: as it says`, meaning });
});

const NOW = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
test.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['120', 120_000],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Wed, 21 Oct 2026 07:00:00 GMT', 0],
  ['600', 600_000],
  ['Wed, 21 Oct 2126 07:28:00 GMT', 36_524 * 86_400_000],
  ['9'.repeat(400), Number.POSITIVE_INFINITY],
  ['-5', 0],
])('Retry-After: %p', (header, ms) => {
  expect(parseRetryAfter(header, NOW)).toBe(ms);
});
