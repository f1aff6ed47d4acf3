import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, jest, test } from '@jest/globals';
import { EventsFile } from '../../../lib/cli/events-file.js';
import { silent } from '../../../lib/logger.js';
import { ROOT } from '../../helpers/code-blocks.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import {
  BLOCKED,
  closingAccount,
  complaintsOf,
  linesOf,
  logOf,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { connectTo } from '../../helpers/socket-client.js';
import { MISSING, mounts, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

jest.setTimeout(120_000);

const path = tempPaths();
const start = commands();
const mounted = mounts();

const text = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** A new folder that only its user can enter. */
function newFolder(): string {
  const folder = path();
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Starts `serve` with an events file. Nothing may reach its stdout, which is full. */
async function serve(file: string, ...args: string[]) {
  const socket = path();
  const served = start(
    ['serve', '--socket', socket, '--metrics', '127.0.0.1:0', '--events-file', file, ...args],
    { through: BLOCKED },
  );
  await listening(served, socket);
  const reopen = async () => {
    const times = () => logOf(served).filter(({ msg }) => msg === 'the events file was reopened').length;
    const before = times();
    served.child.kill('SIGHUP');
    await until('it is reopened', () => times() > before);
  };
  const written = (n: number, ...files: string[]) =>
    until(
      `${n} events are written`,
      () => files.reduce((sum, at) => sum + linesOf(text(at)).length, 0) === n,
    );
  return { ...served, socket, reopen, written };
}

describe('--events-file', () => {
  test('receives the events as JSON, in a file that only its user can read', async () => {
    const file = path();
    const served = await serve(file);
    await sendBatches(served.socket, 5, 10);
    await served.written(50, file);
    expect(await stopped(served)).toMatchObject({ forwarded: { batches: 5, logs: 50 } });
    expect(numbersIn(text(file))).toEqual(upTo(50));
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  });

  test.each(['old\n', 'cut'])('appends to a file that ends with %j, and joins no lines', async (before) => {
    const file = path();
    writeFileSync(file, before);
    const served = await serve(file, '--format', 'logfmt');
    await sendBatches(served.socket, 1, 1);
    await served.written(2, file);
    await stopped(served);
    expect(linesOf(text(file))).toEqual([before.trim(), expect.stringMatching(/^msg=boundary_request /)]);
  });

  test.each([
    [
      'a folder',
      () => newFolder(),
      [],
      /--events-file: got .*, expected a file that can be written \(.*EISDIR/,
    ],
    [
      'a folder that does not exist',
      () => join(path(), 'x'),
      [],
      /expected a file that can be written \(.*ENOENT/,
    ],
    ['a device', () => '/dev/full', [], /expected a file that can be written \(it is not a file\)/],
    [
      'another reporter',
      () => path(),
      ['--reporter', 'null'],
      /--events-file has no effect with --reporter null/,
    ],
  ])('%s is refused', async (_what, at, args, message) => {
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', 'off', '--events-file', at(), ...args]);
    expect(await served.ended).toBe(2);
    expect(served.stderr()).toMatch(message);
    expect(existsSync(socket)).toBe(false);
  });
});

describe('SIGHUP', () => {
  test('continues in a new file after the old one was renamed, without an end', async () => {
    const [file, old] = [path(), path()];
    const served = await serve(file);
    await sendBatches(served.socket, 2, 3);
    await served.written(6, file);
    renameSync(file, old);
    await sendBatches(served.socket, 1, 3, 6);
    await served.written(9, old);
    await served.reopen();
    await sendBatches(served.socket, 1, 3, 9);
    await served.written(3, file);
    expect(numbersIn(text(old))).toEqual(upTo(9));
    expect(numbersIn(text(file))).toEqual([9, 10, 11]);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    await stopped(served);
  });

  test('batches wait while the file cannot be opened', async () => {
    const folder = newFolder();
    const file = join(folder, 'events');
    const served = await serve(file);
    rmSync(folder, { recursive: true });
    served.child.kill('SIGHUP');
    await until('it warns', () => complaintsOf(served).length > 0);
    expect(complaintsOf(served)[0]).toMatchObject({
      msg: 'the events file cannot be opened: batches wait until it can',
      err: { code: 'ENOENT' },
      file,
    });
    await sendBatches(served.socket, 4, 5);
    await until('the reporter fails', () => served.stderr().includes('the reporter'));
    mkdirSync(folder);
    await served.written(20, file);
    expect(numbersIn(text(file))).toEqual(upTo(20));
    expect(await stopped(served)).toMatchObject({ forwarded: { batches: 4, logs: 20 } });
  });

  testUnless(MISSING.mounts)(
    'on a full disk, inside a line: each line is complete in one of the files',
    async () => {
      const folder = path();
      mounted.tmpfs(folder, 'size=64k');
      const [file, old, ballast] = [join(folder, 'events'), join(folder, 'old'), join(folder, 'ballast')];
      writeFileSync(ballast, Buffer.alloc(32 * 1024));
      const served = await serve(file);
      const sender = await connectTo(served.socket);
      for (let i = 0; i < 20; i++) sender.write(logsFrame(10, i * 10));
      await until('the disk is full', () => served.stderr().includes('ENOSPC'));
      expect(text(file).endsWith('\n')).toBe(false);
      renameSync(file, old);
      served.child.kill('SIGHUP');
      rmSync(ballast);
      await until('all events are written', () => numbersIn(text(file)).at(-1) === 199, 60_000);
      expect(text(old).endsWith('\n')).toBe(true);
      expect([...numbersIn(text(old)), ...numbersIn(text(file))]).toEqual(upTo(200));
      await stopped(served);
    },
  );

  test('inside a line of a file that was deleted: continues in a new file at once', () => {
    const file = path();
    const events = EventsFile.open(file, silent);
    let result: unknown;
    const write = (part: string) => events.write(Buffer.from(part), (error) => (result = error ?? 'written'));
    // What a write has left when it failed in the middle.
    write('half of');
    rmSync(file);
    events.reopen();
    write(' a line\nanother\n');
    expect(result).toBe('written');
    expect(text(file)).toBe(' a line\nanother\n');
    events.close();
  });

  test('inside a line: the rest of this line, and nothing else, goes to the old file', () => {
    const [file, old] = [path(), path()];
    const events = EventsFile.open(file, silent);
    const results: unknown[] = [];
    const write = (part: string) =>
      events.write(Buffer.from(part), (error, written) => results.push(error ?? written));
    write('half of');
    renameSync(file, old);
    events.reopen();
    write(' a line\nanother\n');
    write('another\n');
    expect(results).toEqual([7, 8, 8]);
    expect([text(old), text(file)]).toEqual(['half of a line\n', 'another\n']);
    events.close();
  });
});

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

const LOGROTATE =
  spawnSync('logrotate', ['--version']).status === 0 ? undefined : 'logrotate is not installed';

describe('logrotate, with the example', () => {
  /** Rotates with one of the examples, for this file and this process. */
  function rotation(name: string, file: string, pid: number): () => void {
    const folder = newFolder();
    const example = readFileSync(join(ROOT, 'examples/logrotate', name), 'utf8');
    const config = join(folder, 'config');
    const command = 'systemctl kill --signal=HUP boundary-log-proxy.service';
    if (name === 'boundary-log-proxy') expect(example).toContain(command);
    writeFileSync(
      config,
      example
        .replace('/var/log/boundary-log-proxy/events.json {', `"${file}" {`)
        .replace(command, `kill -HUP ${pid}`),
      { mode: 0o600 },
    );
    return () => {
      const args = ['--force', '--state', join(folder, 'state'), config];
      const { status, stderr } = spawnSync('logrotate', args, { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    };
  }

  /** The contents of all rotated files and of the current one, the oldest first. */
  function contents(file: string): string[] {
    const folder = join(file, '..');
    const age = (name: string) => Number(/\.(\d+)/.exec(name)?.[1] ?? 0);
    const names = readdirSync(folder).sort((a, b) => age(b) - age(a));
    return names.map((name) => {
      const bytes = readFileSync(join(folder, name));
      return String(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
    });
  }

  testUnless(LOGROTATE)('create: under load, each event is in one of the files, in order', async () => {
    const file = join(newFolder(), 'events.json');
    const served = await serve(file, '--overflow', 'block');
    const rotate = rotation('boundary-log-proxy', file, served.child.pid as number);
    const sender = await connectTo(served.socket);
    let sent = 0;
    const load = setInterval(() => {
      for (let i = 0; i < 5; i++, sent += 10) sender.write(logsFrame(10, sent));
    }, 1);
    const reopened = () => logOf(served).filter(({ msg }) => msg.includes('reopened')).length;
    for (let i = 1; i <= 8; i++) {
      const size = sent;
      await until('there is something to rotate', () => sent > size + 200 && text(file) !== '');
      rotate();
      await until('it is reopened', () => reopened() === i);
    }
    clearInterval(load);
    sender.end();
    await stopped(served);
    expect(closingAccount(served)).toMatchObject({ forwarded: { logs: sent } });
    const files = contents(file);
    expect(files).toHaveLength(9);
    for (const one of files) expect(one.endsWith('\n')).toBe(true);
    expect(files.flatMap((one) => numbersIn(one))).toEqual(upTo(sent));
  });

  testUnless(LOGROTATE)('copytruncate: without load nothing is lost, and the file has no gap', async () => {
    const file = join(newFolder(), 'events.json');
    const served = await serve(file);
    const rotate = rotation('boundary-log-proxy-copytruncate', file, served.child.pid as number);
    for (let i = 0; i < 3; i++) {
      await sendBatches(served.socket, 2, 5, i * 10);
      await served.written(10, file);
      rotate();
    }
    await sendBatches(served.socket, 1, 5, 30);
    await served.written(5, file);
    await stopped(served);
    expect(contents(file).flatMap((one) => numbersIn(one))).toEqual(upTo(35));
    expect(contents(file).join('')).not.toContain('\0');
  });

  testUnless(LOGROTATE)(
    'copytruncate: under load, what arrives is in order, and only the ends of copies are cut',
    async () => {
      const file = join(newFolder(), 'events.json');
      const served = await serve(file, '--overflow', 'block');
      const rotate = rotation('boundary-log-proxy-copytruncate', file, served.child.pid as number);
      const sender = await connectTo(served.socket);
      let sent = 0;
      const load = setInterval(() => {
        for (let i = 0; i < 5; i++, sent += 10) sender.write(logsFrame(10, sent));
      }, 1);
      for (let i = 1; i <= 4; i++) {
        const size = sent;
        await until('there is something to rotate', () => sent > size + 200 && text(file) !== '');
        rotate();
      }
      clearInterval(load);
      sender.end();
      await stopped(served);
      const files = contents(file);
      // The copy may end inside a line, and the file may begin inside the same one.
      const complete = files.map((one) => linesOf(one).filter((line) => isJson(line)));
      for (const [i, one] of files.entries())
        expect(linesOf(one).length - (complete[i]?.length ?? 0)).toBeLessThanOrEqual(2);
      const numbers = complete.flatMap((lines) => numbersIn(`${lines.join('\n')}\n`));
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(numbers.at(-1)).toBe(sent - 1);
    },
  );
});
