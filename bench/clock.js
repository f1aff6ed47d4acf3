// The clocks that figures come from.

/** Nanoseconds of the one clock that all processes of a Linux machine share. */
export function now() {
  return Number(process.hrtime.bigint());
}

/** CPU seconds of this process so far, user and system, all its threads. */
export function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
