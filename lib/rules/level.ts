/** What a rule names: the domain; the method and the domain; or the path, the method and the domain. */
export type Level = 'domain' | 'method' | 'path';
export const LEVELS: readonly Level[] = ['domain', 'method', 'path'];
