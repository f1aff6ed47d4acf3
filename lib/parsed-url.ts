/**
 * A URL, or undefined if the text is not one. `URL.canParse()` of Node 20 is wrong about some letters, such as ü, as soon
 * as V8 has compiled its caller.
 */
export function parsedUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
