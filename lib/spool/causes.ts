/** An error and its causes, the outermost first. Native code may make them of another realm's Error. */
export function causes(error: unknown): NodeJS.ErrnoException[] {
  const found: NodeJS.ErrnoException[] = [];
  for (let e = error; typeof e === 'object' && e !== null && 'message' in e; e = (e as Error).cause) {
    found.push(e as NodeJS.ErrnoException);
  }
  return found;
}
