import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { BoundaryLogError } from '../errors.js';
import type { Logger } from '../logger.js';
import { messageOf, token as shown } from '../printable.js';
import { isToken } from '../reporters/coder/options.js';
import { shellWord } from './invocation.js';
import { isLasting } from './lasting-error.js';

/** The token is a secret. It cannot be an option, because other users can see the arguments of a process. */
export const TOKEN_ENV = 'CODER_AGENT_TOKEN';
export const TOKEN_FILE_ENV = 'CODER_AGENT_TOKEN_FILE';

type Token = string | (() => Promise<string>);

/**
 * Where the agent token comes from: the file of the option, or else one of the two variables. As in Coder's own programs,
 * the variable with the token takes precedence over the variable with the file.
 *
 * @param names What to call the options in messages: what the user wrote.
 * @throws ERR_INVALID_OPTION if no token is set, or if reading its file fails with a lasting error.
 */
export function agentToken(
  fileOption: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
  names = { needing: '--reporter coder', option: '--coder-token-file' },
): Token {
  const token = env[TOKEN_ENV];
  if (fileOption !== undefined) return new TokenFile(fileOption, names.option, logger).source();
  if (token) return token.trim();
  const file = env[TOKEN_FILE_ENV];
  if (file) return new TokenFile(file, TOKEN_FILE_ENV, logger).source();
  const message = `${names.needing} needs the agent token: set ${names.option}, or ${TOKEN_ENV} or ${TOKEN_FILE_ENV} in the environment`;
  throw new BoundaryLogError('ERR_INVALID_OPTION', message);
}

/** A file that contains the token. It is read again for each connection, because tokens change. */
class TokenFile {
  readonly #path: string;
  /** What names the file, for messages. */
  readonly #name: string;
  readonly #logger: Logger;
  /** The permissions that a warning was about. */
  #warnedMode: number | undefined;

  constructor(path: string, name: string, logger: Logger) {
    this.#path = path;
    this.#name = name;
    this.#logger = logger;
  }

  /** Reads the file once, so that a wrong path ends the start of the program, not only its first connection. */
  source(): () => Promise<string> {
    try {
      this.#tokenIn(readFileSync(this.#path, 'utf8'));
    } catch (cause) {
      if (isLasting(cause)) {
        throw new BoundaryLogError('ERR_INVALID_OPTION', `${this.#name}: ${this.#told(cause)}`, { cause });
      }
      this.#logger.warn({ err: cause }, `${this.#name}: the file with the agent token cannot be read yet`);
    }
    return () => this.#read();
  }

  async #read(): Promise<string> {
    const file = await open(this.#path);
    try {
      this.#warnAbout((await file.stat()).mode);
      return this.#tokenIn(await file.readFile('utf8'));
    } finally {
      await file.close();
    }
  }

  #tokenIn(text: string): string {
    const token = text.trim();
    if (isToken(token)) return token;
    const what = token === '' ? 'is empty' : 'does not contain an agent token alone, which has no spaces';
    throw new BoundaryLogError('ERR_INVALID_OPTION', `the file ${shown(this.#path)} ${what}`);
  }

  #told(error: unknown): string {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_INVALID_OPTION') return messageOf(error);
    // Somebody may have written the token itself instead of its file.
    const why = this.#path.includes('/') ? messageOf(error) : code;
    return `the file with the agent token cannot be read (${why}): correct its path or its permissions`;
  }

  #warnAbout(mode: number): void {
    if (mode === this.#warnedMode || (mode & 0o006) === 0) return;
    this.#warnedMode = mode;
    const fields = { file: this.#path, mode: (mode & 0o7777).toString(8) };
    this.#logger.warn(
      fields,
      `every user can read the agent token or replace it: chmod o= ${shellWord(this.#path)}`,
    );
  }
}
