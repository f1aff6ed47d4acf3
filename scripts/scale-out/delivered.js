// What arrived: the messages of the stream, and the lines of the files.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { jetstream } from '@nats-io/jetstream';
import { decodeMessage, Tag } from 'boundary-log-proxy/codec';
import { eventOf } from './sessions.js';

/** How many problems of a kind are shown. */
const MAX_SHOWN = 5;

/**
 * @typedef {object} Batch A message of the stream.
 * @property {number} first The number of its first event.
 * @property {number} count
 *
 * @typedef {object} Message What is used of a message.
 * @property {number} seq
 * @property {string} subject
 * @property {Uint8Array} data
 * @property {{ get(name: string): string } | undefined} headers
 */

/** Looks whether each session of a stream is in order, without gaps and without repetitions. */
export class StreamContent {
  /** The batches of each session, in the order of the stream. @type {Map<string, Batch[]>} */
  sessions = new Map();
  messages = 0;
  events = 0;
  /** @type {string[]} */
  problems = [];
  /** The subject of each session. @type {Map<string, string>} */
  #subjects = new Map();

  /** @param {Message} message */
  add({ seq, subject, data, headers }) {
    this.messages += 1;
    // The bytes of a message are those of a request, whatever the frame around them was.
    const outcome = decodeMessage({ tag: Tag.V1, payload: Buffer.from(data) });
    if (outcome.kind !== 'logs') {
      this.#problem(seq, 'is not a batch');
      return;
    }
    const { sessionId, firstNumber, count } = outcome;
    this.events += count;
    const batches = this.sessions.get(sessionId) ?? [];
    const last = batches.at(-1);
    const next = last === undefined ? 0 : last.first + last.count;
    if (firstNumber !== next)
      this.#problem(seq, `begins with event ${firstNumber} of session ${sessionId}, and ${next} was next`);
    if (headers?.get('Boundary-Tag') !== String(Tag.V2)) this.#problem(seq, `has not the tag ${Tag.V2}`);
    if (headers?.get('Boundary-Count') !== String(count)) this.#problem(seq, `has not the count ${count}`);
    const known = this.#subjects.get(sessionId);
    if (known === undefined && [...this.#subjects.values()].includes(subject))
      this.#problem(seq, `has the subject of another session, ${subject}`);
    if (known !== undefined && known !== subject)
      this.#problem(seq, `has another subject than its session, ${subject}`);
    this.#subjects.set(sessionId, subject);
    batches.push({ first: firstNumber, count });
    this.sessions.set(sessionId, batches);
  }

  /** @param {number} seq @param {string} what */
  #problem(seq, what) {
    if (this.problems.length < MAX_SHOWN) this.problems.push(`message ${seq} ${what}`);
  }
}

/**
 * Reads a stream from its beginning to its end, as any client of NATS can.
 *
 * @param {import('@nats-io/transport-node').NatsConnection} connection
 * @param {string} name
 */
export async function readStream(connection, name) {
  const content = new StreamContent();
  const consumer = await jetstream(connection).consumers.get(name);
  const { num_pending: pending } = await consumer.info();
  if (pending === 0) return content;
  for await (const message of await consumer.consume({ max_messages: 1000 })) {
    content.add(message);
    if (message.info.pending === 0) break;
  }
  return content;
}

/**
 * @typedef {object} FileContent
 * @property {Map<string, Uint8Array>} copies How many copies of each event there are, by session and number.
 * @property {number} lines
 * @property {number} cut Lines that a killed process has not written to their end.
 * @property {string[]} problems
 */

/**
 * Reads the files of the forwarders, and compares each line with the event that was sent.
 *
 * @param {readonly string[]} files
 * @param {readonly import('./sessions.js').Session[]} sessions
 * @returns {Promise<FileContent>}
 */
export async function readFiles(files, sessions) {
  /** @type {FileContent} */
  const content = {
    copies: new Map(sessions.map(({ id, sent }) => [id, new Uint8Array(sent)])),
    lines: 0,
    cut: 0,
    problems: [],
  };
  for (const file of files) {
    let n = 0;
    for await (const line of createInterface({ input: createReadStream(file) })) {
      n += 1;
      content.lines += 1;
      const problem = note(line, content);
      if (problem !== undefined && content.problems.length < MAX_SHOWN)
        content.problems.push(`${file}, line ${n}: ${problem}`);
    }
  }
  return content;
}

/**
 * @param {string} line
 * @param {FileContent} content
 */
function note(line, content) {
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    // A line that is not whole was not acknowledged, so its event comes again. The caller knows how many there may be.
    content.cut += 1;
    return undefined;
  }
  const copies = content.copies.get(event.session_id);
  const number = event.sequence_number;
  if (copies === undefined || !(number < copies.length)) return 'nobody sent this event';
  copies[number] = (copies[number] ?? 0) + 1;
  const expected = JSON.stringify(eventOf(event.session_id, number));
  return line === expected ? undefined : `got ${line}, expected ${expected}`;
}

/**
 * Which events are missing, and what arrived several times.
 *
 * @param {FileContent} files
 * @param {StreamContent} stream
 */
export function compare({ copies }, stream) {
  const missing = { count: 0, first: /** @type {string[]} */ ([]) };
  const again = { messages: 0, events: 0 };
  for (const [session, counts] of copies) {
    for (const [number, count] of counts.entries()) {
      if (count > 0) continue;
      missing.count += 1;
      if (missing.first.length < MAX_SHOWN) missing.first.push(`${session} ${number}`);
    }
    again.events += counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
    for (const { first } of stream.sessions.get(session) ?? [])
      again.messages += Math.max(0, (counts[first] ?? 0) - 1);
  }
  return { missing, again };
}
