import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redacted, requestRedactor } from '../../helpers/redaction.js';
import { seed } from '../../helpers/seed.js';
import { urls } from '../../helpers/urls.js';

/*
 * Compares the redaction with readers that share nothing with it: Node's URL, and splitting by hand. What any of them
 * takes for a value or a credential must not be in the result. A secret is a word that occurs once.
 */

const SECRET = /S[0-9]{6}/g;

/** Everything that any reader takes for a secret. */
function secretsIn(url: string): string[] {
  const [, head = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? [];
  const found = [...listed(query.slice(1)), ...listed(fragment.slice(1))];
  const [, userinfo = ''] = /^(?:[a-z][a-z0-9+.-]*:)?[\\/]{2,}([^/]*)@/i.exec(head) ?? [];
  found.push(userinfo);
  const path = head.replace(/^([a-z][a-z0-9+.-]*:)?[\\/]*[^/]*/i, '');
  for (const part of path.split('/')) found.push(...listed(part.split(';').slice(1).join(';'), ';'));
  try {
    const { username, password, searchParams, hash } = new URL(url);
    found.push(username, password, ...listed(hash.slice(1)));
    for (const [name, value] of searchParams) {
      if (value !== '') found.push(value);
      // A name without `=`.
      else if (!url.includes(`${name}=`)) found.push(name);
    }
  } catch {
    // It cannot be parsed.
  }
  return found.flatMap((text) => [...text.matchAll(SECRET)].map(([word]) => word));
}

/** The values in a list of parameters. */
function listed(text: string, ...separators: string[]): string[] {
  const separator = separators[0] ?? '&';
  const values = text.split(separator).map((parameter) => {
    const equals = parameter.indexOf('=');
    return equals < 0 ? parameter : parameter.slice(equals + 1);
  });
  return separator === ';'
    ? values
    : [...values, ...listed(text, ';').filter((value) => !value.includes('='))];
}

/** Not URL.canParse(), which is wrong in Node 20 about some letters. */
function canParse(url: string): boolean {
  try {
    return new URL(url).host !== '';
  } catch {
    return false;
  }
}

test('no value of a parameter and no credential passes, whoever reads the URL', () => {
  const redactor = requestRedactor();
  fc.assert(
    fc.property(urls, (url) => {
      const result = redacted(url, redactor);
      const words = [...url.matchAll(SECRET)].map(([word]) => word);
      const unique = secretsIn(url).filter((word) => words.indexOf(word) === words.lastIndexOf(word));
      expect({ url, result, passed: unique.filter((word) => result.includes(word)) }).toEqual({
        ...{ url, result, passed: [] },
      });
    }),
    { seed, numRuns: 20_000 },
  );
});

test('a URL that cannot be parsed passes without its query, and the result of any other can be parsed', () => {
  const redactor = requestRedactor();
  fc.assert(
    fc.property(urls, (url) => {
      const result = redacted(url, redactor);
      if (!/^https?:/i.test(url)) return;
      if (!canParse(url)) expect({ url, result }).toEqual({ url, result: expect.not.stringContaining('?') });
      else if (result.startsWith('http')) {
        const { username, password, searchParams } = new URL(result);
        expect(['', 'REDACTED']).toContain(username);
        expect(password).toBe('');
        for (const [, value] of searchParams) expect(value).toMatch(/^(=*|REDACTED)$/);
      }
    }),
    { seed, numRuns: 20_000 },
  );
});

test('a redacted URL is not redacted again', () => {
  const redactor = requestRedactor();
  fc.assert(
    fc.property(urls, (url) => {
      const result = redacted(url, redactor);
      expect(redacted(result, redactor)).toBe(result);
    }),
    { seed, numRuns: 5000 },
  );
});
