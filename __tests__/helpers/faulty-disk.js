// For `node --import`: makes the disk of a real process fail. The variable FAULT contains one of the faults, as JSON.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

/**
 * @typedef {object} Fault
 * @property {string} [gate] No segment is opened before this file exists. Meanwhile the whole process waits.
 * @property {string} [trace] The file operations on the spool are written to this file, one in a line.
 * @property {number} [killAt] The process ends itself with SIGKILL before this file operation on the spool.
 * @property {{ file: string, from: number, to: number, times: number }} [eio] Reading these bytes of a segment fails so
 *   many times. A wait of at least a second takes 5 ms, so that a minute of attempts takes less than a second.
 * @property {string} [report] At its end, the process writes there how often a read failed, and how long it waited.
 */
/** @type {Fault} */
const { gate, trace, killAt, eio, report } = JSON.parse(process.env.FAULT ?? '{}');

const SEGMENT = /\d{16}\.(\w+\.acked|log)$/;
const LOCK = /\/lock\.[^/]+$/;
/** The path of each segment that is open. @type {Map<number, string>} */
const open = new Map();

/** Replaces a function of a module. @param {any} module @param {string} name @param {(original: any) => any} make */
function replace(module, name, make) {
  module[name] = make(module[name]);
}

const pause = new Int32Array(new SharedArrayBuffer(4));
replace(fs, 'openSync', (openSync) => (/** @type {string} */ path, /** @type {unknown[]} */ ...args) => {
  if (gate !== undefined && SEGMENT.test(path)) while (!fs.existsSync(gate)) Atomics.wait(pause, 0, 0, 2);
  const fd = openSync(path, ...args);
  if (SEGMENT.test(path)) open.set(fd, path);
  return fd;
});
replace(fs, 'closeSync', (closeSync) => (/** @type {number} */ fd) => {
  open.delete(fd);
  closeSync(fd);
});

if (trace !== undefined || killAt !== undefined) {
  const { appendFileSync } = fs;
  let operations = 0;
  const names = [
    'openSync',
    'readSync',
    'read',
    'readdirSync',
    'statSync',
    'lstatSync',
    'writeSync',
    'write',
  ];
  const more = ['linkSync', 'renameSync', 'rmSync', 'unlinkSync', 'ftruncateSync', 'chmodSync', 'mkdirSync'];
  for (const name of [...names, ...more]) {
    replace(fs, name, (original) => (/** @type {unknown[]} */ ...args) => {
      const [of] = args;
      const path = typeof of === 'number' ? open.get(of) : String(of);
      if (path !== undefined && (SEGMENT.test(path) || LOCK.test(path) || path === process.env.SPOOL)) {
        operations += 1;
        if (trace !== undefined) appendFileSync(trace, `${name} ${path}\n`);
        if (operations === killAt) process.kill(process.pid, 'SIGKILL');
      }
      return original(...args);
    });
  }
}

if (eio !== undefined) {
  let failed = 0;
  let waitedMs = 0;
  /** @param {number} fd @param {number} length @param {number} position */
  const fails = (fd, length, position) => {
    const isBad = open.get(fd)?.endsWith(eio.file) && position < eio.to && position + length > eio.from;
    if (!isBad || failed >= eio.times) return undefined;
    failed += 1;
    return Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5, syscall: 'read' });
  };
  replace(
    fs,
    'read',
    (read) =>
      (
        /** @type {number} */ fd,
        /** @type {Buffer} */ into,
        /** @type {number} */ at,
        /** @type {number} */ length,
        /** @type {number} */ position,
        /** @type {(error: Error) => void} */ done,
      ) => {
        const error = fails(fd, length, position);
        if (error === undefined) read(fd, into, at, length, position, done);
        else setImmediate(() => done(error));
      },
  );
  replace(timers, 'setTimeout', (sleep) => (/** @type {number} */ ms, /** @type {unknown[]} */ ...args) => {
    if (ms < 1000) return sleep(ms, ...args);
    waitedMs += ms;
    return sleep(5, ...args);
  });
  process.on('exit', () => {
    if (report !== undefined) fs.writeFileSync(report, JSON.stringify({ failed, waitedMs }));
  });
}

syncBuiltinESMExports();
