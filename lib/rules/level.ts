/** How much of a request a rule names: its domain, its method too, or its path too. */
export type Level = 'domain' | 'method' | 'path';
export const LEVELS: readonly Level[] = ['domain', 'method', 'path'];
