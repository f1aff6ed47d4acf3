/** What cannot be read from an object: everything that somebody might ask an error for. */
const NAMES = ['code', 'message', 'name', 'path', 'permanent', 'retryAfterMs', 'stack', 'toString'];

/** An object whose properties cannot be read. */
const unreadable = () => {
  const get = () => {
    throw new Error('this cannot be read');
  };
  return Object.defineProperties({}, Object.fromEntries(NAMES.map((name) => [name, { get }])));
};

const errorWithoutMessage = () =>
  Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('the message cannot be read');
    },
  });

/** An object that looks like a promise, or a promise with a method of its own. */
const withThen = (then: unknown, promise: object = {}) =>
  Object.defineProperty(promise, 'then', { value: then });

const thrower = (value: () => unknown) => () => {
  throw value();
};

/** What foreign code may do instead of what it should. */
export const MISBEHAVIOURS: readonly (readonly [name: string, misbehave: () => unknown])[] = [
  ['throws an error', thrower(() => new Error('thrown'))],
  ['throws a text', thrower(() => 'thrown')],
  ['throws null', thrower(() => null)],
  ['throws undefined', thrower(() => undefined)],
  ['throws an error whose message cannot be read', thrower(errorWithoutMessage)],
  ['throws an object whose properties cannot be read', thrower(unreadable)],
  ['rejects', () => Promise.reject(new Error('rejected'))],
  ['rejects with null', () => Promise.reject(null)],
  ['rejects with an object whose properties cannot be read', () => Promise.reject(unreadable())],
  [
    'returns an object whose `then` cannot be read',
    () =>
      Object.defineProperty({}, 'then', {
        get() {
          throw new Error('no then');
        },
      }),
  ],
  ['returns an object whose `then` throws', () => withThen(thrower(() => new Error('then')))],
  [
    'returns a promise whose own `then` throws',
    () =>
      withThen(
        thrower(() => new Error('then')),
        Promise.resolve(),
      ),
  ],
  [
    'returns an object that settles twice, and then throws',
    () =>
      withThen((_resolve: () => void, reject: (error: unknown) => void) => {
        reject(new Error('first'));
        reject(new Error('second'));
        throw new Error('third');
      }),
  ],
];
