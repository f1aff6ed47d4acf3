import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { fileSystems } from '../../../helpers/file-systems.js';
import { tempPaths } from '../../../helpers/temp.js';

/* Each attempt runs in a process that is not root, from the built package. */

const path = tempPaths();
const mount = fileSystems();
const isRoot = process.getuid?.() === 0;
/** The user "nobody" of most systems. */
const NOBODY = 65_534;
const INDEX = fileURLToPath(new URL('../../../../dist/lib/index.js', import.meta.url));

/**
 * For each line of options, tries three times to start a proxy, and prints each error, and how many descriptors each
 * attempt has left open.
 */
const PROGRAM = `
  import { readdirSync } from 'node:fs';
  import { createInterface } from 'node:readline';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { BoundaryLogProxy } from ${JSON.stringify(INDEX)};
  const open = () => readdirSync('/proc/self/fd').length;
  let before;
  for await (const line of createInterface({ input: process.stdin })) {
    const attempts = [];
    before ??= open();
    for (let i = 0; i < 3; i++) {
      try {
        const proxy = new BoundaryLogProxy(JSON.parse(line));
        await proxy.start();
        attempts.push({ code: 'started' });
        await proxy.close();
      } catch ({ code, message, cause }) {
        for (let n = 0; open() > before && n < 1000; n++) await sleep(5);
        attempts.push({ code, message, cause: cause?.code, left: open() - before });
      }
    }
    console.log(JSON.stringify(attempts));
  }
`;

interface Attempt {
  code: string;
  message: string;
  cause?: string;
  left: number;
}

const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
  stdio: ['pipe', 'pipe', 'inherit'],
  ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
});
const answers = on(createInterface({ input: child.stdout }), 'line');
afterAll(() => void child.kill());

async function attempts(options: object): Promise<Attempt[]> {
  child.stdin.write(`${JSON.stringify(options)}\n`);
  const { value } = await answers.next();
  return JSON.parse(value[0]);
}

/** A folder in which everybody may create files. */
function newFolder(): string {
  const folder = path();
  chmodSync(dirname(folder), 0o755);
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  return folder;
}

interface Failure {
  what: string;
  code: string;
  cause?: string;
  message: RegExp;
  /** Prepares the folder. Returns what to call after the test. */
  prepare?: (folder: string, at: string) => unknown;
  name?: string;
  options?: object;
  /** Whether it takes a file system of its own, or root. */
  needs?: unknown;
}

const FAILURES: Failure[] = [
  {
    what: 'the folder does not exist',
    ...{ code: 'ERR_LISTEN_FAILED', cause: 'ENOENT', message: /the folder .* does not exist: create it/ },
    name: 'none/socket',
  },
  {
    what: 'the folder is a file',
    ...{ code: 'ERR_LISTEN_FAILED', cause: 'ENOTDIR', message: /is not a folder: choose another path/ },
    prepare: (folder) => writeFileSync(join(folder, 'file'), ''),
    name: 'file/socket',
  },
  {
    what: 'the folder cannot be written to',
    ...{ code: 'ERR_LISTEN_FAILED', cause: 'EACCES', message: /no permission to create files in/ },
    prepare: (folder) => chmodSync(folder, 0o555),
  },
  {
    what: 'the folder cannot be entered',
    ...{ code: 'ERR_LISTEN_FAILED', cause: 'EACCES', message: /no permission/ },
    prepare: (folder) => {
      mkdirSync(join(folder, 'closed'));
      chmodSync(join(folder, 'closed'), 0);
    },
    name: 'closed/socket',
  },
  {
    what: 'the path is a folder',
    ...{ code: 'ERR_NOT_A_SOCKET', message: /is not a socket, so it is left alone/ },
    prepare: (_folder, at) => mkdirSync(at),
  },
  {
    what: 'the path is a file',
    ...{ code: 'ERR_NOT_A_SOCKET', message: /is not a socket, so it is left alone/ },
    prepare: (_folder, at) => writeFileSync(at, 'precious'),
  },
  {
    what: 'a server of another user answers there, and does not let this one connect',
    ...{ code: 'ERR_LISTEN_FAILED', message: /cannot connect to the existing socket \(EACCES\)/ },
    prepare: async (_folder, at) => {
      const server = createServer().listen(at);
      await once(server, 'listening');
      return () => server.close();
    },
    needs: isRoot,
  },
  {
    what: 'a server answers there',
    ...{
      code: 'ERR_SOCKET_IN_USE',
      message: /another server answers on .*: stop it, or choose another path/,
    },
    prepare: async (_folder, at) => {
      const server = createServer((socket) => socket.destroy()).listen({ path: at, writableAll: true });
      await once(server, 'listening');
      return () => server.close();
    },
  },
  {
    what: 'the stale file belongs to another user, in a folder with the sticky bit',
    ...{
      code: 'ERR_LISTEN_FAILED',
      cause: 'EPERM',
      message: /belongs to another user: remove it as that user/,
    },
    prepare: async (folder, at) => {
      const server = createServer().listen({ path: `${at}2`, writableAll: true });
      await once(server, 'listening');
      linkSync(`${at}2`, at);
      await once(server.close(), 'close');
      chmodSync(folder, 0o1777);
    },
    needs: isRoot,
  },
  {
    what: 'the path is too long by one byte',
    ...{ code: 'ERR_INVALID_OPTION', message: /socketPath: got .*, expected a path of 1 to 107 bytes/ },
    name: 'x',
    options: { pad: 108 },
  },
  {
    what: 'the path is too long only in UTF-8',
    ...{ code: 'ERR_INVALID_OPTION', message: /socketPath: got .*, expected a path of 1 to 107 bytes/ },
    name: 'ü'.repeat(50),
  },
  {
    what: 'the path contains NUL',
    ...{ code: 'ERR_INVALID_OPTION', message: /without NUL/ },
    name: 'a\0b',
  },
  {
    what: 'the file system is read-only',
    ...{ code: 'ERR_LISTEN_FAILED', cause: 'EROFS', message: /the file system of .* is read-only/ },
    prepare: (folder) => mount?.(folder, 'ro,mode=1777'),
    needs: mount,
  },
  {
    what: 'the file system has no inode left',
    ...{ code: 'ERR_LISTEN_FAILED', cause: 'ENOSPC', message: /there is no space for another file in/ },
    prepare: (folder) => mount?.(folder, 'nr_inodes=1,mode=1777'),
    needs: mount,
  },
  {
    what: 'the group does not exist',
    ...{
      code: 'ERR_INVALID_OPTION',
      message: /socketGroup: got "no-such-group", expected the name of a group/,
    },
    options: { socketGroup: 'no-such-group' },
  },
  {
    what: 'the user is not a member of the group',
    ...{ code: 'ERR_LISTEN_FAILED', cause: 'EPERM', message: /has to be a member of that group/ },
    options: { socketGroup: 0 },
    needs: isRoot,
  },
  {
    what: 'the descriptor is not open',
    ...{ code: 'ERR_INVALID_OPTION', message: /socketFd: got 99, .* but it is nothing/ },
    options: { socketFd: 99 },
  },
];

test.each(FAILURES.map((failure) => [failure.what, failure.code, failure] as const))(
  'if %s, each start fails with %s and leaves nothing behind',
  async (_what, code, { cause, message, prepare, name = 'socket', options = {}, needs = true }) => {
    // Without root these situations cannot be made.
    if (!needs) return;
    const folder = newFolder();
    const { pad, ...others } = options as { pad?: number };
    const at = pad === undefined ? join(folder, name) : join(folder, name.repeat(pad - folder.length - 1));
    const undo = await prepare?.(folder, at);
    try {
      const before = listing(folder);
      const failed = await attempts({ socketPath: at, ...others });
      expect(failed.map((attempt) => [attempt.code, attempt.cause, attempt.left])).toEqual(
        Array.from({ length: 3 }, () => [code, cause, 0]),
      );
      for (const attempt of failed) expect(attempt.message).toMatch(message);
      expect(listing(folder)).toEqual(before);
    } finally {
      if (typeof undo === 'function') undo();
    }
  },
);

/** The files in a folder, and the text in those that have some. */
function listing(folder: string): string[][] {
  return readdirSync(folder, { withFileTypes: true }).map((entry) => [
    entry.name,
    entry.isFile() ? readFileSync(join(folder, entry.name), 'utf8') : '',
  ]);
}
