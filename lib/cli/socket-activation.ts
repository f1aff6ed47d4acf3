import { invalidOption } from '../options.js';

/** The first descriptor that systemd passes. */
const FIRST_FD = 3;
const VARIABLES = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const;

/**
 * The socket that systemd has passed to this process, as sd_listen_fds(3) describes it, or undefined if it has not.
 * Removes the variables that say so, because a child of this process must not believe that it is meant.
 *
 * @throws ERR_INVALID_OPTION if something else was passed than one socket for this process.
 */
export function passedSocket(
  env: Record<string, string | undefined>,
  pid: number = process.pid,
): number | undefined {
  const { LISTEN_FDS: count, LISTEN_PID: owner } = env;
  for (const name of VARIABLES) delete env[name];
  if (count === undefined && owner === undefined) return undefined;
  if (owner !== String(pid)) {
    const expected = `${pid}, the process that runs serve: start it with exec, not from a shell or another program`;
    throw invalidOption('LISTEN_PID', owner, expected);
  }
  if (count !== '1')
    throw invalidOption('LISTEN_FDS', count, '1: the socket unit must have one ListenStream=');
  return FIRST_FD;
}
