import { expect, test } from '@jest/globals';
import { parseRule } from '../../../lib/rules/index.js';

test.each<[string, number, string]>([
  [' domain=a.com', 1, 'a rule cannot begin with white space: remove it'],
  ['domain', 1, 'a key is expected here: method=, domain= or path='],
  ['foo=bar', 1, 'a key is expected here'],
  ['Domain=a.com', 1, 'a key is expected here'],
  ['method=', 8, 'a method is missing'],
  ['method=GET, HEAD', 12, 'a method is missing: write method=GET, or method=GET,HEAD without spaces'],
  ['method=GET domain=', 19, 'a label of a domain consists of letters, digits and hyphens'],
  ['domain=.a.com', 8, 'a label of a domain consists'],
  ['domain=a.com.', 14, 'a label of a domain consists'],
  ['domain=-a.com', 8, 'a label of a domain consists'],
  ['domain=a-.com', 9, 'a label of a domain cannot end with a hyphen'],
  ['domain=bücher.example', 9, 'a domain has only letters, digits, hyphens and dots'],
  ['domain=a.*', 11, 'the last label of a domain cannot be *'],
  ['domain=a.com:8443', 13, 'a domain has no port: leave it out, because a rule allows every port'],
  ['domain=a.com/x', 13, 'a domain has no path: write a space and path= before it'],
  ['domain=a.com,b.com', 13, 'a rule has one domain, and no commas between its keys: write a second rule'],
  ['method=GET domain=a.com, path=/x', 24, 'a rule has one domain'],
  ['path=/a//b', 9, 'a path cannot contain an empty segment'],
  ['path=/*a', 7, 'a segment of a path that begins with * cannot contain anything else'],
  ['path=/a/*%zz', 9, 'a segment of a path that begins with * cannot contain anything else'],
  ['path=/a%zz', 8, 'a path cannot contain this character'],
  ['method=G(T domain=a.com', 9, 'a method cannot contain this character'],
  ['path=/ü', 7, 'a path cannot contain this character'],
  ['path=/a foo=b', 9, 'a key is expected here'],
])('%s', (text, character, message) => {
  expect(() => parseRule(text)).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining(`expected a rule of boundary. At character ${character}: ${message}`),
    }),
  );
});
