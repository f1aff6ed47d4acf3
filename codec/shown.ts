/** How much of a text is shown, in characters. */
const MAX_SHOWN = 100;

/** Any value in a form that is safe and short enough for an error message. */
export function shown(value: unknown): string {
  try {
    if (typeof value === 'string') return visible(value);
    if (typeof value === 'function')
      return isClass(value) ? `the class ${ascii(String(value.name))}` : 'a function';
    if (typeof value !== 'object' || value === null) return ascii(String(value));
    if (Array.isArray(value)) return 'an array';
    const { name } = value.constructor;
    if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object';
    return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${ascii(name)}`;
  } catch {
    // Properties of the value, or of its prototype, may throw.
    return 'an object';
  }
}

/** A class is often given when an instance is expected. */
export function isClass(value: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function visible(text: string): string {
  return text.length <= MAX_SHOWN ? quoted(text) : `${quoted(text.slice(0, MAX_SHOWN))}…`;
}

function quoted(text: string): string {
  return ascii(JSON.stringify(text));
}

function ascii(text: string): string {
  return text
    .slice(0, 8 * MAX_SHOWN)
    .replaceAll(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
