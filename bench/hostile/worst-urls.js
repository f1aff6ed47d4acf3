// The most expensive frames for a redaction that searches have found, as recipes.
import { logOf } from './texts.js';

/** @typedef {import('./recipe.js').Recipe} Recipe */

/** A full frame of logs with this URL each. @param {string} url @returns {Recipe} */
const logs = (url) => ({ tag: 1, prefix: '', unit: logOf(url), suffix: '', length: 32_768, inside: [] });
/** A frame with one URL, which repeats a text. @param {string} start @param {string} text @returns {Recipe} */
const repeated = (start, text) => ({
  tag: 1,
  prefix: Buffer.from(start).toString('hex'),
  unit: Buffer.from(text).toString('hex'),
  suffix: '',
  length: 32_768,
  inside: [0x0a, 0x1a, 0x12],
});
/** A frame with a few logs. @param {...string} urls @returns {Recipe} */
const small = (...urls) => ({
  tag: 1,
  prefix: urls.map(logOf).join(''),
  unit: '',
  suffix: '',
  length: 64,
  inside: [],
});

/** @type {readonly { name: string, recipe: Recipe }[]} */
export const WORST_URLS = [
  { name: 'URLs with a host that is encoded', recipe: logs('%25') },
  { name: 'URLs with a user and no scheme', recipe: logs('a:b@c') },
  { name: 'URLs with an address', recipe: logs('[::1]') },
  { name: 'URLs with a number as their host', recipe: logs('http://1') },
  { name: 'URLs with a host that only a parser knows', recipe: logs('http://xn--a') },
  { name: 'URLs of one letter that only a parser knows', recipe: logs('ü') },
  { name: 'URLs of a query', recipe: logs('?a') },
  { name: 'URLs with a parameter in their path', recipe: logs('/a;b') },
  { name: 'URLs with a match of the pattern', recipe: logs('/bot1:a') },
  { name: 'a URL of many parameters', recipe: repeated('http://h/?', '&a') },
  { name: 'a URL of many encoded names', recipe: repeated('http://h/?', '%25&') },
  { name: 'a URL of many parameters in its path', recipe: repeated('/', 'a;b/') },
  { name: 'a URL of percent signs that are encoded', recipe: repeated('/', '%25') },
  { name: 'a URL of beginnings of matches', recipe: repeated('/', '/bot1') },
  { name: 'a URL of matches', recipe: repeated('/', '/bot1:a') },
  { name: 'small: two URLs with two parameters in their paths', recipe: small('/a;b/a;b', '/a;b/a;b') },
  { name: 'small: a host that only a parser knows', recipe: small('＠＠') },
  { name: 'small: two URLs with a host that only a parser knows', recipe: small('＠＠', '＠＠') },
  { name: 'three URLs with a host that only a parser knows', recipe: small('＠＠', '＠＠', '＠＠') },
  { name: 'small: a URL with an address', recipe: small('[::1]') },
  { name: 'small: a URL with a match of the pattern', recipe: small('/bot1:a/') },
  { name: 'small: a URL that is invalid and encoded', recipe: small('%zz') },
];
