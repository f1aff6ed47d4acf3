import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { MAX_PAYLOAD_LENGTH } from '../../codec/index.js';
import type { Failure } from '../connection/failure.js';
import { quoted } from '../printable.js';
import { REQUEST_TIMEOUT_MS } from './connect.js';
import { ApiCode, apiCode, refusal, requestFailure, violationOf } from './failures.js';
import { ALL_SUBJECTS, SUBJECT_PREFIX } from './message.js';
import { LEAST_DUPLICATE_WINDOW_MS, type ResolvedStreamOptions } from './nats-options.js';

const NANOSECONDS = 1_000_000;

/** What was found out about the stream, or that it was created. */
export interface StreamState {
  readonly isCreated: boolean;
  /** How it could lose batches, and what to do: one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Creates the stream if it is missing. One that exists is checked, and never changed. Several proxies may do this at the
 * same time.
 *
 * @throws ERR_NATS_REFUSED if the stream cannot accept batches, or may not be created
 * @throws ERR_CONNECT_FAILED, ERR_CONNECTION_LOST, ERR_CALL_TIMEOUT
 */
export async function ensureStream(
  { streams }: Pick<JetStreamManager, 'streams'>,
  name: string,
  options: ResolvedStreamOptions,
): Promise<StreamState> {
  try {
    return stateOf(name, await streams.info(name));
  } catch (error) {
    if (violationOf(error) !== undefined) return unchecked(name);
    if (apiCode(error) !== ApiCode.STREAM_NOT_FOUND)
      throw failure(`the stream ${quoted(name)} cannot be checked`, error);
  }
  try {
    // What another proxy has created with the same options counts as created.
    const created = await streams.add(configOf(name, options) as StreamConfig);
    return { ...stateOf(name, created), isCreated: true };
  } catch (error) {
    const isThere = apiCode(error) === ApiCode.NAME_IN_USE;
    if (!isThere) throw failure(`the stream ${quoted(name)} does not exist, and cannot be created`, error);
  }
  try {
    return stateOf(name, await streams.info(name));
  } catch (error) {
    throw failure(`the stream ${quoted(name)} cannot be checked`, error);
  }
}

function failure(what: string, error: unknown): Failure {
  return requestFailure(what, error, REQUEST_TIMEOUT_MS);
}

/** The configuration of a stream that does not lose a batch before its age or its reader says so. */
export function configOf(name: string, options: ResolvedStreamOptions): Partial<StreamConfig> {
  const { replicas, maxBytes, maxAgeMs = 0, duplicateWindowMs } = options;
  return {
    name,
    subjects: [ALL_SUBJECTS],
    storage: 'file',
    retention: 'limits',
    // A full stream rejects new messages, so the batches wait at the proxy. The oldest ones are not lost.
    discard: 'new',
    num_replicas: replicas,
    max_bytes: maxBytes ?? -1,
    max_age: maxAgeMs * NANOSECONDS,
    // The server does not accept a window that is longer than the age.
    duplicate_window:
      (maxAgeMs === 0 ? duplicateWindowMs : Math.min(duplicateWindowMs, maxAgeMs)) * NANOSECONDS,
  };
}

function unchecked(name: string): StreamState {
  const subject = `$JS.API.STREAM.INFO.${name}`;
  const warning = `the stream is not checked, because this user may not publish to ${quoted(subject)}: allow it on the server`;
  return { isCreated: false, warnings: [warning] };
}

/** @throws ERR_NATS_REFUSED */
function stateOf(name: string, info: StreamInfo): StreamState {
  const { error, warnings } = checkStream(info.config, info.cluster?.name !== undefined);
  if (error !== undefined) throw refusal(`the stream ${quoted(name)} ${error}`);
  return { isCreated: false, warnings };
}

/**
 * Judges the configuration of an existing stream.
 *
 * @param isClustered Whether its server is part of a cluster.
 * @returns why it cannot accept batches, if it cannot, and how it could lose batches.
 */
export function checkStream(
  config: StreamConfig,
  isClustered = false,
): { error?: string; warnings: readonly string[] } {
  for (const [isSo, error] of errorsIn(config)) if (isSo) return { error, warnings: [] };
  return { warnings: warningsIn(config, isClustered).flatMap(([isSo, warning]) => (isSo ? [warning] : [])) };
}

function errorsIn(config: StreamConfig): [isSo: boolean, error: string][] {
  const { subjects = [], mirror, sealed, no_ack } = config;
  const other = 'name another one with --nats-stream';
  const stored = subjects.slice(0, 5).map(quoted).join(', ') || 'no subject';
  return [
    [mirror !== undefined, `is a mirror, which accepts nothing: ${other}`],
    [sealed === true, `is sealed, and never accepts anything: ${other}`],
    [
      no_ack === true,
      `does not acknowledge what it stores (no_ack), so nothing counts as delivered: ${other}`,
    ],
    [
      subjects.every((subject) => coverage(subject) === 'none'),
      `stores ${stored}, and not ${quoted(ALL_SUBJECTS)}: add that subject to it, or ${other}`,
    ],
  ];
}

function warningsIn(config: StreamConfig, isClustered: boolean): [isSo: boolean, warning: string][] {
  const {
    subjects = [],
    duplicate_window: window = 0,
    retention,
    storage,
    discard,
    max_msg_size = -1,
  } = config;
  const { max_bytes = -1, max_msgs = -1, max_msgs_per_subject = -1, num_replicas } = config;
  const seconds = window / NANOSECONDS / 1000;
  const isLimited = max_bytes > 0 || max_msgs > 0;
  return [
    [
      storage === 'memory',
      'it is in memory, so a restart of the server loses what has not been read: use file storage',
    ],
    [
      window < LEAST_DUPLICATE_WINDOW_MS * NANOSECONDS,
      `its duplicate window is ${seconds} s, so a batch that is retried later than that is stored twice: use 10 minutes or more`,
    ],
    [
      discard === 'old' && isLimited,
      'when it is full, it discards the oldest messages, read or not: use the discard policy "new"',
    ],
    [
      max_msgs_per_subject > 0,
      `it stores at most ${max_msgs_per_subject} messages for each subject, so further messages of a session are discarded or rejected: remove max_msgs_per_subject`,
    ],
    [
      retention === 'interest',
      'its retention is "interest", so it discards what arrives while it has no consumer: use "limits"',
    ],
    [
      retention === 'workqueue',
      'its retention is "workqueue", so a message is gone as soon as one consumer has acknowledged it: use "limits" to read it again',
    ],
    [
      max_msg_size > 0 && max_msg_size < LEAST_MESSAGE_SIZE,
      `it accepts at most ${max_msg_size} bytes in a message, so larger batches are dropped: use ${LEAST_MESSAGE_SIZE} or more`,
    ],
    [
      !subjects.some((subject) => coverage(subject) === 'all'),
      `it stores only a part of ${quoted(ALL_SUBJECTS)}, so the batches of other sessions wait: add that subject`,
    ],
    [
      'subject_transform' in config && config.subject_transform !== undefined,
      'it changes the subjects of messages, so readers may not find the batches: remove subject_transform',
    ],
    [
      (config as { persist_mode?: string }).persist_mode === 'async',
      'it acknowledges messages before it has written them, so a crash of the server loses what it has acknowledged: use the persist mode "default"',
    ],
    [
      isClustered && num_replicas === 1,
      'one server of the cluster alone stores it, so batches wait while that one is down, and are lost if its disk is: use 3 replicas',
    ],
  ];
}

/** The largest batch that fits into a frame, and its headers. */
const LEAST_MESSAGE_SIZE = MAX_PAYLOAD_LENGTH + 1024;

/** How much of our subjects a subject with wildcards covers. */
export function coverage(subject: string): 'all' | 'some' | 'none' {
  const ours = SUBJECT_PREFIX.split('.').slice(0, -1);
  const tokens = subject.split('.');
  for (const [i, name] of ours.entries()) {
    const token = tokens[i];
    if (token === '>') return 'all';
    if (token !== name && token !== '*') return 'none';
  }
  // What follows is one token, which stands for the session.
  const rest = tokens.slice(ours.length);
  if (rest[0] === '>' || (rest[0] === '*' && rest.length === 1)) return 'all';
  return rest.length === 1 ? 'some' : 'none';
}
