/** The error that `run` throws, or undefined. */
// biome-ignore lint/suspicious/noExplicitAny: anything may be thrown.
export function thrown(run: () => unknown): any {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
