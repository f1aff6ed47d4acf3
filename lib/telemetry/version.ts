/** The version of this package. `npm version` changes it, too. */
export const VERSION = '0.1.0';
