import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { consoleToken, tokenPath } from '../../../lib/console/token-file.js';
import { logLines } from '../../helpers/log-lines.js';
import { MISSING, STRANGER, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const TOKEN = /^[\w-]{43}$/;
const KNOWN = 'A'.repeat(43);

/** A folder with a file that contains a token. */
function withFile(content = `${KNOWN}\n`, mode = 0o600): string {
  const folder = path();
  mkdirSync(folder, { mode: 0o700 });
  const file = join(folder, 'console-token');
  writeFileSync(file, content, { mode });
  chmodSync(file, mode);
  return file;
}

describe('the file is', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['in the home folder', { HOME: '/home/ada' }, '/home/ada/.local/state/boundary-log-proxy/console-token'],
    [
      'where XDG says',
      { HOME: '/home/ada', XDG_STATE_HOME: '/state' },
      '/state/boundary-log-proxy/console-token',
    ],
    [
      'not at a relative path',
      { HOME: '/home/ada', XDG_STATE_HOME: 'state' },
      '/home/ada/.local/state/boundary-log-proxy/console-token',
    ],
    [
      'in the folder of the service',
      { HOME: '/root', STATE_DIRECTORY: '/var/lib/proxy' },
      '/var/lib/proxy/console-token',
    ],
    ['in the first of several', { STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }, '/var/lib/a/console-token'],
    ['nowhere without a home', {}, undefined],
    ['nowhere with an empty home', { HOME: '' }, undefined],
  ])('%s', (_name, env, expected) => {
    expect(tokenPath(env)).toBe(expected);
  });
});

describe('the token', () => {
  test('is made once, and only its owner can read it', () => {
    const file = join(path(), 'a/b/console-token');
    const token = consoleToken(file, logLines());
    expect(token).toMatch(TOKEN);
    expect(consoleToken(file, logLines())).toBe(token);
    expect(readFileSync(file, 'utf8')).toBe(`${token}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(file))).toEqual(['console-token']);
  });

  test('is another one for another file', () => {
    expect(consoleToken(join(path(), 'x'), logLines())).not.toBe(consoleToken(join(path(), 'x'), logLines()));
  });

  test('of a file is used, and nothing is said', () => {
    const logger = logLines();
    expect(consoleToken(withFile(), logger)).toBe(KNOWN);
    expect(logger.lines).toEqual([]);
  });

  test.each<[string, string, number]>([
    ['that others can read', `${KNOWN}\n`, 0o644],
    ['that its group can write', `${KNOWN}\n`, 0o620],
    ['that is empty', '', 0o600],
    ['with something else', 'password\n', 0o600],
    ['with a token and more', `${KNOWN}\n${KNOWN}\n`, 0o600],
    ['that is long', KNOWN.repeat(10_000), 0o600],
  ])('of a file %s is replaced, and a line of the log says so', (_name, content, mode) => {
    const file = withFile(content, mode);
    const logger = logLines();
    const token = consoleToken(file, logger);
    expect(token).toMatch(TOKEN);
    expect(token).not.toBe(KNOWN);
    expect(readFileSync(file, 'utf8')).toBe(`${token}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'the token of the console is replaced: earlier links no longer work',
    ]);
    expect(consoleToken(file, logLines())).toBe(token);
  });
});

describe('without a usable file, the token is that of this run, nothing is changed, and a line of the log says so', () => {
  const only = (file: string | undefined) => {
    const logger = logLines();
    const token = consoleToken(file, logger);
    expect(token).toMatch(TOKEN);
    expect(token).not.toBe(KNOWN);
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]?.message).toMatch(/link.* changes with each start/);
    expect(consoleToken(file, logLines())).not.toBe(token);
  };

  test('no path', () => only(undefined));

  test('a folder that others can write to', () => {
    const file = withFile();
    chmodSync(dirname(file), 0o777);
    only(file);
    expect(readFileSync(file, 'utf8')).toBe(`${KNOWN}\n`);
  });

  test('a folder that cannot be made', () => only('/proc/self/nowhere/console-token'));

  test('a link', () => {
    const file = withFile();
    const link = join(dirname(file), 'link');
    symlinkSync(file, link);
    only(link);
    expect(readFileSync(file, 'utf8')).toBe(`${KNOWN}\n`);
  });

  test('a folder in place of the file', () => {
    const file = join(dirname(withFile()), 'folder');
    mkdirSync(file);
    only(file);
  });

  testUnless(MISSING.users)('a file of another user', async () => {
    const file = withFile();
    chownSync(file, STRANGER.uid, STRANGER.gid);
    only(file);
    expect(readFileSync(file, 'utf8')).toBe(`${KNOWN}\n`);
  });

  testUnless(MISSING.users)('a folder of another user', async () => {
    const file = withFile();
    chownSync(dirname(file), STRANGER.uid, STRANGER.gid);
    only(file);
  });
});
