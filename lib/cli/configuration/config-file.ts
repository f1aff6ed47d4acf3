import { type FileHandle, open } from 'node:fs/promises';
import { BoundaryLogError } from '../../errors.js';
import { messageOf, token } from '../../printable.js';
import { shellWord } from '../invocation.js';
import { isLasting } from '../lasting-error.js';

/** Far more than all options need, and so little that parsing it is quick, whatever it contains. */
const MAX_BYTES = 64 * 1024;

export interface ConfigText {
  readonly text: string;
  readonly warnings: readonly string[];
}

/**
 * Reads the text of the file with the options. It may be a pipe, such as `<(sops -d proxy.yaml)`.
 *
 * @param name What names the file: `--config`, or the variable.
 * @throws ERR_INVALID_OPTION if it can never be read, is too large, or is not a text in UTF-8.
 */
export async function readConfigFile(name: string, file: string): Promise<ConfigText> {
  const fail = (what: string, cause?: unknown): never => {
    throw new BoundaryLogError('ERR_INVALID_OPTION', `${name}: the file ${token(file)} ${what}`, { cause });
  };
  let bytes: Buffer;
  let mode: number;
  try {
    const handle = await open(file);
    try {
      const stats = await handle.stat();
      if (stats.isDirectory()) return fail('is a folder');
      mode = stats.isFile() ? stats.mode : 0;
      bytes = await readAtMost(handle, MAX_BYTES + 1);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_INVALID_OPTION') throw error;
    const what = `cannot be read (${messageOf(error)})`;
    if (isLasting(error)) return fail(what, error);
    // This may pass, so the exit code must not say that starting again is pointless.
    throw Object.assign(new Error(`${name}: the file ${token(file)} ${what}`, { cause: error }), { code });
  }
  if (bytes.length > MAX_BYTES) return fail(`has more than ${MAX_BYTES / 1024} KiB`);
  // Whoever writes it decides where the events go.
  const isExposed = (mode & 0o002) !== 0;
  const warnings = isExposed
    ? [`every user can change the options in ${token(file)}: chmod o-w ${shellWord(file)}`]
    : [];
  return { text: textIn(bytes, fail), warnings };
}

async function readAtMost(handle: FileHandle, max: number): Promise<Buffer> {
  const bytes = Buffer.alloc(max);
  let length = 0;
  while (length < max) {
    const { bytesRead } = await handle.read(bytes, length, max - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function textIn(bytes: Buffer, fail: (what: string, cause?: unknown) => never): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return fail('is UTF-16: save it as UTF-8');
  let text: string;
  try {
    // It removes a byte order mark.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    return fail('is not a text in UTF-8', error);
  }
  // A full disk leaves such a file behind. With the defaults, events would go to stdout instead of where they belong.
  if (text.trim() === '') return fail('is empty: for the defaults alone, leave a comment in it');
  return text;
}
