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

/** Fails if anything has passed. So many URLs are tried that `expect` may not be called for each of them. */
function none({ url, result, passed }: { url: string; result: string; passed: string[] }): void {
  if (passed.length > 0) expect({ url, result, passed }).toEqual({ url, result, passed: [] });
}

test('no value of a parameter and no credential passes, whoever reads the URL', () => {
  const redactor = requestRedactor();
  fc.assert(
    fc.property(urls, (url) => {
      const result = redacted(url, redactor);
      const words = [...url.matchAll(SECRET)].map(([word]) => word);
      const unique = secretsIn(url).filter((word) => words.indexOf(word) === words.lastIndexOf(word));
      none({ url, result, passed: unique.filter((word) => result.includes(word)) });
    }),
    { seed, numRuns: 5000 },
  );
});

test('a URL that cannot be parsed passes without its query, and the result of any other can be parsed', () => {
  const redactor = requestRedactor();
  fc.assert(
    fc.property(urls, (url) => {
      const result = redacted(url, redactor);
      if (!/^https?:/i.test(url)) return;
      if (!canParse(url))
        none({ url, result, passed: [...result.matchAll(/\?.*/g)].map(([query]) => query) });
      else if (result.startsWith('http')) {
        const { username, password, searchParams } = new URL(result);
        const all = [username, password, ...searchParams.values()];
        none({ url, result, passed: all.filter((value) => !/^(=*|REDACTED)$/.test(value)) });
      }
    }),
    { seed, numRuns: 5000 },
  );
});

test('a redacted URL is not redacted again', () => {
  const redactor = requestRedactor();
  fc.assert(
    fc.property(urls, (url) => {
      const result = redacted(url, redactor);
      const again = redacted(result, redactor);
      if (again !== result) expect({ url, again }).toEqual({ url, again: result });
    }),
    { seed, numRuns: 5000 },
  );
});

test('after the first ? or #, only names remain, and the values of those that are kept', () => {
  const redactor = requestRedactor({ keep: ['a'] });
  fc.assert(
    fc.property(urls, (url) => {
      const result = redacted(url, redactor);
      const start = url.search(/[?#]/);
      const words = [...url.matchAll(SECRET)].map(([word]) => word);
      const passed = words.filter((word) => {
        if (words.indexOf(word) !== words.lastIndexOf(word)) return false;
        if (start < 0 || url.indexOf(word) < start || !result.includes(word)) return false;
        const isName = new RegExp(`[?#&;][^?#&;=]*${word}[^?#&;=]*=`).test(url);
        const isKept = new RegExp(`[?#&;]a=[^?#&;]*${word}`).test(url);
        return !isName && !isKept;
      });
      none({ url, result, passed });
    }),
    { seed, numRuns: 5000 },
  );
});

test('a pattern leaves nothing that it matches, however often it is repeated', () => {
  const redactor = requestRedactor({ keep: ['a'], pattern: 'S[0-9]{6}' });
  const repeated = fc
    .tuple(urls, fc.nat(30))
    .map(([url, times]) => `${url}/${'S000001,'.repeat(times)}/${url}`);
  fc.assert(
    fc.property(fc.oneof(urls, repeated), (url) => {
      const result = redacted(url, redactor);
      none({ url, result, passed: [...result.matchAll(SECRET)].map(([word]) => word) });
    }),
    { seed, numRuns: 5000 },
  );
});
