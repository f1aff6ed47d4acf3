// Pieces of messages that lead somewhere if URLs are redacted, in hexadecimal.

/** @param {string} text */
const hex = (text) => Buffer.from(text).toString('hex');

/** A log with a URL. @param {string} url */
export function logOf(url) {
  const field = (/** @type {number} */ key, /** @type {string} */ content) =>
    Buffer.of(key, content.length / 2).toString('hex') + content;
  return field(0x0a, field(0x1a, field(0x12, hex(url))));
}

/** Beginnings of URLs, delimiters, what is encoded, hosts that need a parser, and what the pattern of line.js matches. */
const PIECES = [
  ...['http://', 'http://h', 'https://h.example/', 'http://h/?', 'foo:', '//', '/', '\\', ':', '@', '.', '-'],
  ...[
    '?',
    '#',
    '&',
    ';',
    '=',
    'a',
    'a=b',
    '&a',
    '&a=b',
    ';a=b',
    ' ',
    '\t',
    '%',
    '%25',
    '%2525',
    '%3F',
    '%40',
    '%zz',
  ],
  ...[
    'xn--',
    '--',
    '1',
    '1.2.3.4',
    '256',
    '[',
    ']',
    '[::1]',
    'ü',
    '＠',
    '😀',
    'REDACTED',
    '=REDACTED',
    '*',
    ':443',
  ],
  ...['/bot', '/bot1', '/bot1:a', '/bot1:a/', '/b', 'bot', '1:', ':a'],
];

/** Whole URLs. */
const URLS = [
  ...[
    '',
    '?',
    '?a',
    '/?a=b',
    'http://h/?a',
    'http://ü',
    'http://xn--a',
    'http://1',
    'a:b@c',
    '/a;b/a;b',
    '%25',
    '/bot1:a',
  ],
];

export const TEXTS = [...PIECES.map(hex), ...URLS.map(logOf)];
