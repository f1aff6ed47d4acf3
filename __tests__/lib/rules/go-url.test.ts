import { expect, test } from '@jest/globals';
import { parseUrl } from '../../../lib/rules/go-url.js';
import { URLS } from '../../helpers/go-urls.js';

// The interop tests compare this table, and random texts, with Go itself.
test.each(URLS)('%s', (url, parsed) => {
  expect(parseUrl(url)).toEqual(parsed ?? undefined);
});
