/** What `run` throws, for a look at its code; undefined where it throws nothing. */
// biome-ignore lint/suspicious/noExplicitAny: anything may be thrown.
export function thrown(run: () => unknown): any {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
