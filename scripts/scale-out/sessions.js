// What is sent: sessions whose events follow from the session and their number, so that each can be checked.
import { encodeLogs, Tag } from 'boundary-log-proxy/codec';

/** Names that are not a valid token of a subject, or look like an encoded one. */
const ODD_NAMES = ['team.a/7 > *', 'é✓.%2e', '$JS.API.>', '_', 'a%20b=='];
const MAX_LOGS = 100;

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {number} weight How much of the events it has, compared with others.
 * @property {number} sent How many events were sent so far.
 */

/**
 * @param {number} count How many sessions there are.
 * @param {() => number} random
 * @returns {Session[]}
 */
export function sessionsOf(count, random) {
  return Array.from({ length: count }, (_, i) => ({
    id: i % 6 === 5 ? `${ODD_NAMES[((i / 6) | 0) % ODD_NAMES.length]}${i}` : uuid(random),
    weight: 0.5 + random(),
    sent: 0,
  }));
}

/**
 * One of the sessions: those with more weight more often.
 *
 * @param {readonly Session[]} sessions
 * @param {() => number} random
 */
export function pick(sessions, random) {
  let at = random() * sessions.reduce((sum, { weight }) => sum + weight, 0);
  const found = sessions.find(({ weight }) => {
    at -= weight;
    return at < 0;
  });
  return /** @type {Session} */ (found ?? sessions[0]);
}

/**
 * An event as text shows it.
 *
 * @param {string} session
 * @param {number} number
 */
export function eventOf(session, number) {
  const allowed = number % 7 !== 3;
  return {
    msg: 'boundary_request',
    decision: allowed ? 'allow' : 'deny',
    session_id: session,
    sequence_number: number,
    confined_process_name: 'agent',
    http_method: number % 3 === 0 ? 'POST' : 'GET',
    http_url: `https://host-${number % 50}.example.com/${number}?of=${encodeURIComponent(session)}`,
    event_time: `2026-03-03T19:42:34.${String(nanosOf(number)).padStart(9, '0')}Z`,
    ...(allowed && { matched_rule: `domain=host-${number % 50}.example.com` }),
  };
}

/** Text leaves out zeros at the end of a time, so there are none. @param {number} number */
function nanosOf(number) {
  return (number * 10 + 1) % 1e9;
}

/** Most batches are small, and some are not. @param {() => number} random */
export function sizeOf(random) {
  return 1 + Math.floor(MAX_LOGS * random() ** 3);
}

/**
 * A batch of a session as one frame.
 *
 * @param {string} session
 * @param {number} first The number of its first event.
 * @param {number} count
 */
export function frameOf(session, first, count) {
  return encodeLogs(
    {
      sessionId: session,
      confinedProcessName: 'agent',
      logs: Array.from({ length: count }, (_, i) => {
        const { decision, http_method, http_url, matched_rule = '' } = eventOf(session, first + i);
        return {
          allowed: decision === 'allow',
          time: { seconds: 1_772_566_954, nanos: nanosOf(first + i) },
          httpRequest: { method: http_method, url: http_url, matchedRule: matched_rule },
          sequenceNumber: first + i,
        };
      }),
    },
    Tag.V2,
  );
}

/** @param {() => number} random */
function uuid(random) {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
