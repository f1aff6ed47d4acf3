import { isPrintable } from '../printable.js';

/**
 * How the user started this program, so that the same words start it from any folder. The name alone would not: only a
 * package manager finds it, and until the first release it finds nothing.
 */
export function invocation({
  argv,
  argv0,
  execPath,
}: Pick<NodeJS.Process, 'argv' | 'argv0' | 'execPath'>): string {
  // Node has made this path absolute. In node_modules/.bin it is a link, which the system can execute.
  const [, program = ''] = argv;
  if (!program.endsWith('.js')) return shellWord(program);
  // The shell finds a name again, but a path may be relative.
  return `${shellWord(argv0.includes('/') ? execPath : argv0)} ${shellWord(program)}`;
}

/** A text as one word of a shell, in which every character is visible. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (isPrintable(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const bytes = [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`);
  return `$'${bytes.join('')}'`;
}
