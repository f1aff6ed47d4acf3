/** The seed of everything random in the tests: new for each run, unless `TEST_SEED=N` repeats one. */
export const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
