import { BoundaryLogError } from './errors.js';

/**
 * Loads what a feature needs of optional peer dependencies, which only its users install.
 *
 * @param feature The name of the feature in the message.
 * @param packages What to install, as `npm install` accepts it: `name@range`.
 * @param load Imports the packages.
 * @throws ERR_PACKAGE_MISSING if one of them is not installed.
 */
export async function optionalPackages<Loaded>(
  feature: string,
  packages: readonly string[],
  load: () => Promise<Loaded>,
): Promise<Loaded> {
  try {
    return await load();
  } catch (cause) {
    if (!packages.some((spec) => isMissing(nameOf(spec), cause))) throw cause;
    const message = `${feature} needs packages that are not installed: run "npm install ${packages.join(' ')}"`;
    throw new BoundaryLogError('ERR_PACKAGE_MISSING', message, { cause });
  }
}

function nameOf(spec: string): string {
  return spec.slice(0, spec.lastIndexOf('@'));
}

/** Whether Node did not find this package itself, and not a part of it or another package. */
function isMissing(name: string, error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
    (message.includes(`'${name}'`) || message.includes(`"${name}"`))
  );
}
