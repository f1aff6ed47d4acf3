/** Of all that is random in the tests: new for each run, or `TEST_SEED=N` to see one again. */
export const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
