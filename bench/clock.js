// The clocks behind all figures.

/** Nanoseconds of the monotonic clock, which all processes of a Linux machine share. */
export function now() {
  return Number(process.hrtime.bigint());
}

/** CPU seconds of this process so far: user and system time of all its threads. */
export function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
