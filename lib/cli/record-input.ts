import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { invalidOption } from '../options.js';
import { recordsIn } from '../records/read-records.js';
import { type EventName, placeText, type Recorded, type RecordFault } from '../records/record.js';
import { recordsInSpool } from '../records/spool-records.js';
import { inputError, inputOf, pipeOf } from './input-file.js';
import type { Io } from './io.js';

/** How many faults of a file are shown. */
const MAX_SHOWN = 10;
/** How many events are remembered that could not be read. */
const MAX_UNREAD = 1000;

/** Reads the files of a command, one after the other. */
export class RecordInput {
  /** Whether something could not be read, and nobody can tell which event that was. */
  hasUnknownLoss = false;
  /** The events that could not be read, if that is known. They may be whole in another place. */
  readonly unread: EventName[] = [];
  readonly #files: readonly string[];
  readonly #io: Io;

  /**
   * @param files Files, folders of spools, and `-` for stdin, which is also read if there are none.
   * @throws ERR_INVALID_OPTION if one of them cannot be read, or if there are none and stdin is a terminal.
   */
  constructor(files: readonly string[], io: Io) {
    if (files.length === 0 && (io.stdin as Readable & { isTTY?: boolean }).isTTY) {
      throw invalidOption('FILE', undefined, 'a file, the folder of a spool, or events on stdin');
    }
    this.#files = files.length === 0 ? ['-'] : files;
    this.#io = io;
    const pipes = new Set<string>();
    for (const file of this.#files) {
      const pipe = isFolder(file) ? undefined : pipeOf(file, io);
      if (pipe === undefined) continue;
      if (pipes.has(pipe)) throw invalidOption('FILE', file, 'a pipe only once: it can be read only once');
      pipes.add(pipe);
    }
  }

  /** Whether events may be missing because something could not be read. */
  get hasLoss(): boolean {
    return this.hasUnknownLoss || this.unread.length > 0;
  }

  /** Writes faults to stderr. @throws ERR_INVALID_OPTION if a file contains something else. */
  async *records(): AsyncGenerator<Recorded> {
    for (const file of this.#files) {
      let faults = 0;
      const onFault = ({ message, place, isLoss, event }: RecordFault) => {
        if (event !== undefined && this.unread.length < MAX_UNREAD) this.unread.push(event);
        else this.hasUnknownLoss ||= isLoss;
        faults += 1;
        if (faults <= MAX_SHOWN) this.#say(`${placeText(place)}: ${message}`);
      };
      if (isFolder(file)) {
        yield* recordsInSpool(file, onFault);
      } else {
        const source = inputOf(file, this.#io);
        try {
          yield* recordsIn(file, source, onFault);
        } catch (error) {
          throw inputError(error, file);
        } finally {
          source.destroy();
        }
      }
      if (faults > MAX_SHOWN) this.#say(`${placeText({ file })}: ${faults - MAX_SHOWN} more like these`);
    }
  }

  #say(text: string): void {
    this.#io.stderr.write(`${text}\n`);
  }
}

/** @throws ERR_INVALID_OPTION if there is nothing at the path. */
function isFolder(file: string): boolean {
  if (file === '-') return false;
  try {
    return statSync(file).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw inputError(Object.assign(error as Error, { syscall: 'open', code }), file);
  }
}
