import fc from 'fast-check';

const secret = fc.integer({ min: 0, max: 999_999 }).map((n) => `S${String(n).padStart(6, '0')}`);

const DELIMITERS = [
  ...[
    '?',
    '#',
    '&',
    ';',
    '=',
    '@',
    ':',
    '/',
    '//',
    '\\',
    '%',
    '%3F',
    '%26',
    '%3D',
    '%40',
    '%2F',
    '%253F',
    '%25',
  ],
  ...[
    '[',
    ']',
    ' ',
    '\t',
    '\n',
    '\0',
    '.',
    '-',
    '+',
    'ü',
    '＠',
    '😀',
    'http:',
    'https://',
    'a',
    'h.example',
    '443',
  ],
];
const soup = fc.array(fc.oneof(fc.constantFrom(...DELIMITERS), secret), { maxLength: 20 });
const parameters = fc
  .array(fc.tuple(fc.constantFrom('a', 'b[]', 'c%20d', ''), fc.constantFrom('=', '', '==', '%3D'), secret), {
    maxLength: 4,
  })
  .map((list) => list.map((parameter) => parameter.join('')));
const wellFormed = fc
  .tuple(
    fc.constantFrom(
      'http://',
      'HTTPS://',
      'https:',
      'http:/',
      'http:\\\\',
      'ws://',
      'foo://',
      'foo:',
      '//',
      '',
      '/',
    ),
    fc.oneof(
      fc.constant(''),
      secret.map((name) => `${name}@`),
      fc.tuple(secret, secret).map(([a, b]) => `${a}:${b}@`),
    ),
    fc.constantFrom(
      'h.example',
      'h',
      '1.2.3.4',
      '[::1]',
      'bücher.example',
      'h.example:8080',
      'h:',
      '',
      'h:x',
      'a b',
    ),
    fc.constantFrom('', '/', '/a/b', '//', '/a;p=', '/https://', '/a%3F', '\\a'),
    fc.constantFrom('', '?', '#', '??', ';', '%3F', '?#'),
    parameters,
    fc.constantFrom('&', ';', '&&', '&amp;', '%26', '?'),
    parameters.map((list) => (list.length === 0 ? [] : ['#', list.join('&')])),
  )
  .map(([scheme, user, host, path, start, query, separator, fragment]) => [
    ...[scheme, user, host, path, start],
    ...query.flatMap((parameter) => [parameter, separator]),
    ...fragment,
  ]);
/** Pieces, of which some are replaced, removed or doubled. */
const mutated = fc
  .tuple(
    wellFormed,
    fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...DELIMITERS)), { maxLength: 3 }),
  )
  .map(([pieces, changes]) => {
    const result = [...pieces];
    for (const [at, removed, piece] of changes) result.splice(at % (result.length + 1), removed, piece);
    return result;
  });
/** URLs, and texts that look like one. A secret is a word of `S` and six digits. */
export const urls = fc.oneof(wellFormed, mutated, soup).map((pieces) => pieces.join(''));
