import { expect, test } from '@jest/globals';
import { optionalPackages } from '../../lib/optional-packages.js';

/** How Node says that a package is missing: to `import`, and to `require`. */
const missing = (name: string, code = 'ERR_MODULE_NOT_FOUND', quote = "'") =>
  Object.assign(new Error(`Cannot find package ${quote}${name}${quote} imported from /a/b.js`), { code });

const load = (error: Error) =>
  optionalPackages('a feature', ['@scope/one@^1.2.0', 'two@3'], () => Promise.reject(error));

test('What is installed is loaded', async () => {
  await expect(optionalPackages('a feature', ['x@1'], async () => 'loaded')).resolves.toBe('loaded');
});

test.each([
  ['a missing package', missing('@scope/one')],
  ['the other one', missing('two')],
  ['one that was required', missing('two', 'MODULE_NOT_FOUND')],
  ['one in other quotes', missing('two', 'MODULE_NOT_FOUND', '"')],
])('%s is an error with the command that installs all of them', async (_, cause) => {
  await expect(load(cause)).rejects.toMatchObject({
    code: 'ERR_PACKAGE_MISSING',
    message: 'a feature needs packages that are not installed: run "npm install @scope/one@^1.2.0 two@3"',
    cause,
  });
});

test.each([
  ['a package that one of them needs', missing('three')],
  ['a part of a package', missing('two/part')],
  ['a fault of the package', new TypeError('two')],
])('%s is not taken for a missing package', async (_, error) => {
  await expect(load(error)).rejects.toBe(error);
});

test('Node names a missing package as this function expects', async () => {
  // Not a literal, so that the compiler does not look for it.
  const name = 'no-such-package-anywhere';
  const result = optionalPackages('a feature', [`${name}@1`], () => import(name));
  await expect(result).rejects.toMatchObject({ code: 'ERR_PACKAGE_MISSING' });
});
