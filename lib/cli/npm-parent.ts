import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** How often to look whether npm is still there, in ms. */
const LOOK_MS = 250;

/** The program of a package manager. npm replaces its arguments with one title, such as `npm exec NAME ARGUMENTS`. */
const MANAGER = /^(npm|npx|pnpm|pnpx|yarn|yarnpkg)(-cli)?(\.[cm]?js)?$/;
const SHELL = /^(sh|dash|bash|ash|zsh|ksh)$/;
/** A command that does not stay in the foreground: `&`, or a program that detaches another one. */
const DETACHES = /(?<![&>])&(?![&>])|\b(nohup|setsid|disown|daemon\w*|start-stop-daemon|screen|tmux|pm2)\b/;

interface Process {
  readonly parent: number;
  readonly session: number;
  readonly args: readonly string[];
}

/**
 * Calls back when the npm that has started this process is gone. npm passes a signal on to its child, which is usually a
 * shell: the shell dies, and its child continues as an orphan that nobody stops.
 *
 * It looks at this process and its parents in /proc. It does nothing if npm is not among them, or if they have detached
 * this process on purpose, as `nohup … &`, `setsid` and daemons do: such a process outlives npm.
 *
 * @returns a function that stops watching.
 */
export function watchNpm(env: Readonly<Record<string, string | undefined>>, onGone: () => void): () => void {
  const chain = env.npm_execpath === undefined ? undefined : chainToNpm();
  if (chain === undefined) return () => undefined;
  const timer = setInterval(() => {
    if (isWhole(chain)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** This process, perhaps a shell, and npm. Undefined if npm has not started this process in the foreground. */
function chainToNpm(): number[] | undefined {
  const own = look(process.pid);
  const parent = own && look(own.parent);
  if (own === undefined || parent === undefined || parent.session !== own.session) return undefined;
  if (isManager(parent)) return [process.pid, own.parent];
  const [shell = '', ...rest] = parent.args;
  const command = rest[rest.indexOf('-c') + 1];
  if (!SHELL.test(basename(shell)) || command === undefined || DETACHES.test(rest.join(' ')))
    return undefined;
  const npm = look(parent.parent);
  if (npm === undefined || npm.session !== own.session || !isManager(npm)) return undefined;
  return [process.pid, own.parent, parent.parent];
}

/** Whether each process of a chain is still the child of the next one. */
function isWhole(chain: readonly number[]): boolean {
  return chain.every((pid, i) => i === chain.length - 1 || look(pid)?.parent === chain[i + 1]);
}

function isManager({ args }: Process): boolean {
  return args.slice(0, 2).some((arg) => MANAGER.test(basename(arg.split(' ')[0] ?? '')));
}

function look(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may contain anything.
    const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return { parent: Number(parent), session: Number(session), args };
  } catch {
    return undefined;
  }
}
