import { type Logger, silent } from '../logger.js';
import { type OptionTable, resolveOptions, text, wholeNumber } from '../options.js';
import { Episode } from '../telemetry/episode.js';
import { CaptureFile } from './capture-file.js';
import { encodeCaptureRecord, piecesOf } from './encode.js';
import { type CaptureRecord, GAP_LENGTH, RECORD_HEADER } from './record.js';

/** Options of a recording. */
export interface RecordOptions {
  /** The file. If it exists, it stays as it is, and the next free one of `<path>.2`, `<path>.3` and so on is created. */
  path: string;
  /** How many bytes the file may have. What comes after that is counted as missing. Default: `1073741824`. */
  maxBytes?: number | undefined;
}

export const RECORD_OPTIONS = {
  path: {
    ...text,
    doc: 'The file',
  },
  maxBytes: {
    ...wholeNumber({ min: 1024 }),
    default: 2 ** 30,
    doc: 'How many bytes the file may have',
  },
} satisfies OptionTable<RecordOptions>;

const FAILING = {
  started: 'the capture cannot be written: what arrives meanwhile is missing in it',
  continues: 'the capture still cannot be written',
  ended: 'the capture can be written again',
};

/** What a capture does not contain. */
export interface Missing {
  /** Bytes of senders. */
  bytes: number;
  /** Connections of which it contains nothing. */
  connections: number;
}

/** Room that is kept for the last gap and `finish`. */
const RESERVE = 2 * RECORD_HEADER + GAP_LENGTH;

/** One connection that is recorded. Its owner says what happens on it. */
export interface RecordedConnection {
  data(bytes: Buffer): void;
  /** The last call. */
  over(kind: 'end' | 'broken' | 'closed'): void;
}

/**
 * Records connections to a file, as a capture. Whatever happens to the file, the connections are not affected: what
 * cannot be written is counted, and a gap in the capture tells of it.
 *
 * The file is written synchronously, like other output to files.
 */
export class Recording {
  readonly missing: Missing = { bytes: 0, connections: 0 };
  readonly #file: CaptureFile;
  readonly #logger: Logger;
  readonly #failing: Episode;
  readonly #begun = performance.now();
  #isComplete = true;
  /** What is missing and will be told of in the next gap that belongs to no connection. */
  #untold: Missing | undefined;
  #connections = 0;
  /** The number of the connection whose opening was written last. */
  #lastNumber = 0;
  #bytes = 0;
  #isFull = false;
  #state: 'new' | 'open' | 'closed' = 'new';
  /** The connections that have begun and are not over. */
  readonly #open = new Set<Recorded>();

  /** @throws ERR_INVALID_OPTION */
  constructor(options: RecordOptions, logger: Logger = silent, retryMs?: number) {
    const { path, maxBytes } = resolveOptions('record', options, RECORD_OPTIONS);
    const start = encodeCaptureRecord({ kind: 'start', startedAt: Date.now() * 1000 });
    this.#file = new CaptureFile(path, maxBytes, start, retryMs);
    this.#logger = logger;
    this.#failing = new Episode(logger, FAILING, { capture: path });
  }

  /** Creates the file. @throws ERR_RECORD_FAILED */
  open(): void {
    if (this.#state === 'open') return;
    this.#file.open();
    this.#state = 'open';
    this.#noteFailure(0);
    this.#logger.info({ capture: this.#file.path }, 'recording');
  }

  /** Nothing was recorded and nothing will be: leaves no file behind. */
  discard(): void {
    if (this.#state === 'open' && this.#connections === 0) this.#file.discard();
    else this.close();
    this.#connections = 0;
    this.#lastNumber = 0;
    this.#bytes = 0;
    this.#isComplete = true;
    this.#state = 'new';
  }

  /** A connection was accepted. */
  connection(): RecordedConnection {
    this.#connections += 1;
    const recorded = new Recorded(this);
    this.#open.add(recorded);
    return recorded;
  }

  /** Ends the capture, and says what it contains. @returns whether that is everything. */
  close(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'closed';
    for (const recorded of this.#open) recorded.stop();
    this.#open.clear();
    this.#file.hurry();
    const { time } = this;
    this.#file.write([...this.#gap(time), { kind: 'finish', time } as const].flatMap(piecesOf));
    this.#failing.end();
    const { path, size, failure } = this.#file;
    const err = this.#file.close() ?? failure;
    const account = { connections: this.#connections, bytes: this.#bytes, missing: this.missing };
    const fields = { capture: path, size, ...account, ...(err !== undefined && { err }) };
    const isComplete = err === undefined && this.#isComplete && this.#untold === undefined;
    if (isComplete) this.#logger.info(fields, 'the capture is complete');
    else this.#logger.warn(fields, 'the capture is not complete');
    return isComplete;
  }

  /** Now, in µs since the start. */
  get time(): number {
    return Math.round((performance.now() - this.#begun) * 1000);
  }

  /** Appends records: all of them, or none. @returns whether they are in the file. */
  append(records: readonly CaptureRecord[], time: number, bytes = 0): boolean {
    const isWritten = this.#state === 'open' && !this.#isFull && this.#write(records, time);
    if (isWritten) this.#bytes += bytes;
    else this.missing.bytes += bytes;
    this.#noteFailure(isWritten ? 0 : bytes);
    return isWritten;
  }

  /** The number of the next connection. */
  get nextNumber(): number {
    return this.#lastNumber + 1;
  }

  /** A connection is over. */
  remove(recorded: Recorded): void {
    this.#open.delete(recorded);
  }

  /** Something is missing that no record of its connection tells of. The next gap without a connection does. */
  leaveOut({ bytes, connections }: Readonly<Missing>): void {
    this.missing.connections += connections;
    this.#untold ??= { bytes: 0, connections: 0 };
    this.#untold.bytes += bytes;
    this.#untold.connections += connections;
  }

  #write(records: readonly CaptureRecord[], time: number): boolean {
    const pieces = [...this.#gap(time), ...records].flatMap(piecesOf);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (!this.#file.hasRoom(length + RESERVE)) {
      this.#isFull = true;
      const message = 'the capture has reached its limit: the rest is not recorded';
      this.#logger.warn({ capture: this.#file.path, size: this.#file.size }, message);
      return false;
    }
    if (!this.#file.write(pieces)) return false;
    if (this.#untold !== undefined || records.some(({ kind }) => kind === 'gap')) this.#isComplete = false;
    this.#untold = undefined;
    this.#lastNumber += records.filter(({ kind }) => kind === 'open').length;
    return true;
  }

  #gap(time: number): CaptureRecord[] {
    if (this.#untold === undefined) return [];
    return [{ kind: 'gap', connection: 0, time, ...this.#untold }];
  }

  #noteFailure(bytes: number): void {
    const { failure } = this.#file;
    if (failure === undefined) this.#failing.over();
    else if (!this.#isFull) this.#failing.happened({ bytes }, { err: failure });
  }
}

/** A connection, and what of it could not be written yet. */
class Recorded implements RecordedConnection {
  /** Its number, as soon as the capture says that it was opened. */
  number: number | undefined;
  readonly #recording: Recording;
  #missing = 0;
  #isStopped = false;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#append(recording.time);
  }

  data(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#isStopped) {
      this.#recording.missing.bytes += bytes.length;
      return;
    }
    const { time } = this.#recording;
    const isWritten = this.#append(
      time,
      (connection) => ({ kind: 'data', connection, time, bytes }),
      bytes.length,
    );
    if (!isWritten) this.#missing += bytes.length;
  }

  over(kind: 'end' | 'broken' | 'closed'): void {
    if (this.#isStopped) return;
    const { time } = this.#recording;
    if (!this.#append(time, (connection) => ({ kind, connection, time }))) this.#leaveOut();
    this.#recording.remove(this);
  }

  /** The recording ends while the connection is open. Another capture would not know the connection. */
  stop(): void {
    this.#isStopped = true;
    if (this.number === undefined || this.#missing > 0) this.#leaveOut();
  }

  #leaveOut(): void {
    this.#recording.leaveOut({ bytes: this.#missing, connections: this.number === undefined ? 1 : 0 });
  }

  /** Appends a record, after what is still to be said about the connection. */
  #append(time: number, record?: (connection: number) => CaptureRecord, bytes = 0): boolean {
    const connection = this.number ?? this.#recording.nextNumber;
    const records: CaptureRecord[] = [];
    if (this.number === undefined) records.push({ kind: 'open', connection, time });
    if (this.#missing > 0)
      records.push({ kind: 'gap', connection, time, bytes: this.#missing, connections: 0 });
    if (record !== undefined) records.push(record(connection));
    const isWritten = this.#recording.append(records, time, bytes);
    if (isWritten) {
      this.number = connection;
      this.#missing = 0;
    }
    return isWritten;
  }
}
