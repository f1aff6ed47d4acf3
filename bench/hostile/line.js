// What the proxy does with the bytes of a connection, in this process: the streams, the accounts of rejected frames, the
// buffer, and a reporter.
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import {
  Demux,
  Forwarder,
  FrameParser,
  LogBuffer,
  MessageDecoder,
  nullReporter,
  redact,
  SessionAudit,
  SessionLedger,
  StatusSink,
  TextReporter,
} from 'boundary-log-proxy';
import { Warnings } from '../../dist/lib/telemetry/warnings.js';
import { cpuSeconds } from '../clock.js';

/**
 * What happens to batches: nothing, JSON that is discarded, or redaction and then nothing.
 *
 * @typedef {'null' | 'json' | 'redacted' | 'pattern'} Path
 */
export const PATHS = /** @type {const} */ (['null', 'json', 'redacted', 'pattern']);

/** The options of those that redact. The pattern is the one of docs/redaction.md. @type {Partial<Record<Path, import('boundary-log-proxy').RedactOptions>>} */
const REDACTION = { redacted: {}, pattern: { pattern: '/bot[0-9]+:[A-Za-z0-9_-]+' } };

const nothing = () => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
/** @type {import('boundary-log-proxy').TextOutput} */
const discard = {
  keepsNothing: true,
  on: nothing,
  write(_text, callback) {
    callback();
    return true;
  },
};

/** A line of streams as one connection of the proxy has it. */
export class Line {
  #parser = new FrameParser({ perChunk: true });
  #buffer = new LogBuffer({ overflow: 'block' });
  /** @type {Forwarder} */
  #forwarder;
  #rejected = 0;
  #warnings = new Warnings(silent);

  /** @param {Path} path */
  constructor(path) {
    const isNull = path !== 'json';
    /** @type {import('boundary-log-proxy').Reporter} */
    const reporter = isNull ? nullReporter : new TextReporter({ stream: discard });
    this.#forwarder = new Forwarder(reporter, {
      concurrency: isNull ? 1 : 16,
      retry: { timeoutMs: Number.POSITIVE_INFINITY },
    });
    this.#buffer.pipe(this.#forwarder);
    const demux = new Demux({
      logs: this.#buffer,
      status: new StatusSink(),
      skip: ({ error }) => {
        this.#rejected += 1;
        this.#warnings.rejected('invalid_protobuf', error);
      },
      'unknown-variant': () => {
        this.#rejected += 1;
        this.#warnings.rejected('unknown_variant');
      },
    });
    /** @type {MessageDecoder<import('boundary-log-proxy').Outcome, true>} */
    const decoder = new MessageDecoder();
    const redaction = REDACTION[path];
    /** @type {SessionAudit<import('boundary-log-proxy').Outcome[]>} */
    const audit = new SessionAudit({ ledger: new SessionLedger() });
    const outcomes = this.#parser.pipe(decoder).pipe(audit);
    // No batch is dropped: without a listener for it, the stream would fail.
    if (redaction === undefined) outcomes.pipe(demux);
    else outcomes.pipe(/** @type {typeof redact<true>} */ (redact)(redaction)).pipe(demux);
  }

  /**
   * Processes some chunks as one read of a socket each. The clock stops when the last batch is reported.
   *
   * @param {readonly Buffer[]} chunks
   * @returns {Promise<number>} CPU seconds.
   */
  async process(chunks) {
    await turn();
    const begun = cpuSeconds();
    for (const chunk of chunks) {
      if (!this.#parser.write(chunk)) await once(this.#parser, 'drain');
    }
    while (this.#buffer.held.batches > 0 || this.#forwarder.inFlight.batches > 0) await turn();
    return cpuSeconds() - begun;
  }

  end() {
    this.#warnings.end();
    this.#parser.destroy();
  }
}

/** As long as one read of a socket. */
const CHUNK = 65_536;
/** Of short frames, so many are enough. */
const MAX_FRAMES = 5000;

/**
 * Chunks of frames that repeat.
 *
 * @param {readonly Buffer[]} frames
 * @param {number} bytes How many bytes there are at least.
 * @returns {{ chunks: Buffer[], frames: number, bytes: number }}
 */
export function chunksOf(frames, bytes) {
  const length = frames.reduce((sum, frame) => sum + frame.length, 0);
  const times = Math.max(1, Math.ceil(Math.min(bytes / length, MAX_FRAMES / frames.length)));
  const all = Buffer.concat(Array(times).fill(Buffer.concat(frames)));
  const chunks = [];
  for (let pos = 0; pos < all.length; pos += CHUNK) chunks.push(all.subarray(pos, pos + CHUNK));
  return { chunks, frames: times * frames.length, bytes: all.length };
}
