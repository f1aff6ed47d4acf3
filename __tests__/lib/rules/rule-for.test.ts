import { describe, expect, test } from '@jest/globals';
import { type FittingRule, type Inexpressible, ruleFor } from '../../../lib/rules/index.js';

const GET = (http_url: string) => ({ http_method: 'GET', http_url });

describe('the rule that would allow an event', () => {
  test.each<[string, string, string[]]>([
    ['https://a.example/x/y?q=1#z', 'method=GET domain=a.example path=/x/y', []],
    ['http://localhost:3000/x', 'method=GET domain=localhost path=/x', []],
    ['https://user:pw@a.example/x', 'method=GET domain=a.example path=/x', []],
    ['https://203.0.113.7/x', 'method=GET domain=203.0.113.7 path=/x', []],
    ['https://A.Example/X', 'method=GET domain=A.Example path=/X', []],
    ['https://xn--bcher-kva.example/x', 'method=GET domain=xn--bcher-kva.example path=/x', []],
    ['https://a.example/%61%2Fb', 'method=GET domain=a.example path=/a/b', []],
    ["https://a.example/!$&'()+;=:@~._-", "method=GET domain=a.example path=/!$&'()+;=:@~._-", []],
    ['https://a.example/a*b', 'method=GET domain=a.example path=/a*b', []],
    ['https://a.example/%2541', 'method=GET domain=a.example path=/%41', []],
    ['https://a.example/repos/12/x', 'method=GET domain=a.example path=/repos/12/x', []],
    [
      'https://a.example',
      'method=GET domain=a.example',
      ['every path of the domain, because no rule can name / alone'],
    ],
    [
      'https://a.example/',
      'method=GET domain=a.example',
      ['every path of the domain, because no rule can name / alone'],
    ],
    [
      'a.example:443',
      'method=GET domain=a.example',
      ['every path of the domain, because no rule can name / alone'],
    ],
    [
      'https://a.example/x/',
      'method=GET domain=a.example path=/x/*',
      ['everything below /x/, because no rule can name /x/ alone'],
    ],
  ])('%s', (url, rule, alsoAllows) => {
    expect(ruleFor(GET(url))).toEqual({ rule, alsoAllows });
  });

  test.each<['domain' | 'method' | 'path', FittingRule]>([
    ['domain', { rule: 'domain=a.example', alsoAllows: ['every method and every path of the domain'] }],
    ['method', { rule: 'method=GET domain=a.example', alsoAllows: ['every path of the domain'] }],
    ['path', { rule: 'method=GET domain=a.example path=/x', alsoAllows: [] }],
  ])('by %s', (by, rule) => {
    expect(ruleFor(GET('https://a.example/x'), by)).toEqual(rule);
  });
});

describe('no rule would', () => {
  test.each<[string, Inexpressible['part'], RegExp]>([
    ['https://a.example/%', 'url', /boundary cannot parse the URL/],
    ['://', 'url', /boundary cannot parse the URL/],
    ['', 'domain', /the URL has no domain/],
    ['/x', 'domain', /the URL has no domain/],
    ['https://[2001:db8::1]/x', 'domain', /an IPv6 address/],
    ['https://a.example./x', 'domain', /ends with a dot/],
    ['https://bücher.example/x', 'domain', /not ASCII/],
    ['https://b%C3%BCcher.example/x', 'domain', /not ASCII/],
    ['https://a_b.example/x', 'domain', /letters, digits and hyphens/],
    ['https://-a.example/x', 'domain', /letters, digits and hyphens/],
    ['https://a..example/x', 'domain', /letters, digits and hyphens/],
    ['https://*.example/x', 'domain', /letters, digits and hyphens/],
    ['https://a.example/x,y', 'path', /a comma/],
    ['https://a.example/x%2Cy', 'path', /a comma/],
    ['https://a.example/x//y', 'path', /an empty segment/],
    ['https://a.example//x', 'path', /an empty segment/],
    ['https://a.example/x//', 'path', /an empty segment/],
    ['https://a.example/*', 'path', /begins with \*/],
    ['https://a.example/*x', 'path', /begins with \*/],
    ['https://a.example/x y', 'path', /after decoding/],
    ['https://a.example/x%20y', 'path', /after decoding/],
    ['https://a.example/ü', 'path', /after decoding/],
    ['https://a.example/x%00', 'path', /after decoding/],
    ['https://a.example/100%25', 'path', /after decoding/],
    ['https://a.example/x"y', 'path', /after decoding/],
  ])('%s', (url, part, reason) => {
    expect(ruleFor(GET(url))).toEqual({ part, reason: expect.stringMatching(reason) });
  });

  test.each([undefined, '', 'GE T', 'GET,HEAD', 'gét', '*'])('the method %p', (http_method) => {
    const event = { ...(http_method !== undefined && { http_method }), http_url: 'https://a.example/x' };
    expect(ruleFor(event)).toMatchObject({ part: 'method' });
    expect(ruleFor(event, 'domain')).toMatchObject({ rule: 'domain=a.example' });
  });
});
