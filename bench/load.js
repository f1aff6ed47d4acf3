// The load: batches of logs, encoded before any clock runs.
import { encodeLogs, Tag } from 'boundary-log-proxy/codec';

/**
 * Typical requests of agents. With its time and keys, each becomes a log of about 100 bytes. Their lengths must stay as
 * they are, so that figures remain comparable.
 */
const REQUESTS = [
  { method: 'GET', url: 'https://mirror.example.org/express', matchedRule: 'domain=mirror.example.org' },
  { method: 'POST', url: 'https://model.example.com/v1/messages', matchedRule: 'domain=model.example.com' },
  {
    method: 'GET',
    url: 'https://hg.example/coder/boundary/archive/main.tar.gz',
    matchedRule: 'domain=hg.example',
  },
  {
    method: 'POST',
    url: 'https://collect.example.net/upload?name=.env&size=1024&from=workspace',
    matchedRule: '',
  },
  { method: 'GET', url: 'https://pkg.test/simple/requests/', matchedRule: 'domain=pkg.test method=GET,HEAD' },
];
/** What the shares `none` and `all` add to each URL instead of the query that one in five has. */
const QUERIES = { none: '', all: '?name=.env&size=1024&from=workspace' };
/** @typedef {keyof typeof QUERIES | undefined} Queries How many URLs have a query. Default: one in five. */

const SESSION = '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77';
/** How many different batches a load contains. */
const VARIETY = 100;
/** Bytes of frames in one write of a sender that is not paced: the size of one read. */
const BLOCK_BYTES = 65_536;

/**
 * Encodes a batch as one frame.
 *
 * @param {number} logs How many logs are in it.
 * @param {number} first The sequence number of its first log.
 * @param {string} [mark] Text at the end of its last URL.
 * @param {Queries} [queries]
 * @param {string} [sessionId]
 */
export function frameOf(logs, first, mark = '', queries = undefined, sessionId = SESSION) {
  return encodeLogs(
    {
      sessionId,
      confinedProcessName: 'claude-code',
      logs: Array.from({ length: logs }, (_, i) => {
        const request = REQUESTS[(first + i) % REQUESTS.length];
        const { method = '', url: whole = '', matchedRule = '' } = request ?? {};
        const url = queries === undefined ? whole : whole.replace(/\?.*/, '') + QUERIES[queries];
        return {
          allowed: matchedRule !== '',
          time: { seconds: 1_772_566_954 + i, nanos: 120_345_678 },
          httpRequest: { method, url: i === logs - 1 ? url + mark : url, matchedRule },
          sequenceNumber: first + i,
        };
      }),
    },
    Tag.V2,
  );
}

/**
 * Encodes different batches with the same number of logs.
 *
 * @param {number} logs
 * @param {Queries} [queries]
 */
export function framesOf(logs, queries) {
  return Array.from({ length: VARIETY }, (_, i) => frameOf(logs, i * logs, '', queries));
}

/**
 * The same load as one stretch of bytes. A sender may cut it anywhere and repeat it.
 *
 * @param {number} logs Logs in each batch.
 * @returns {{ bytes: Buffer, bytesOfAll: number }} All different batches several times, and the length of all of them once.
 */
export function stretchOf(logs) {
  const all = Buffer.concat(framesOf(logs));
  const times = Math.ceil((4 * BLOCK_BYTES) / all.length);
  return { bytes: Buffer.concat(Array.from({ length: times }, () => all)), bytesOfAll: all.length };
}

/**
 * The same load in blocks of whole frames. Each block is one write.
 *
 * @param {number} logs Logs in each batch.
 * @param {Queries} [queries]
 * @returns {{ bytes: Buffer, batches: number }[]} Blocks to send in turn.
 */
export function blocksOf(logs, queries) {
  const frames = framesOf(logs, queries);
  const size = (frames[0]?.length ?? 0) + 1;
  const inBlock = Math.max(1, Math.floor(BLOCK_BYTES / size));
  return Array.from({ length: 8 }, (_, i) => ({
    bytes: Buffer.concat(
      Array.from({ length: inBlock }, (_, k) => /** @type {Buffer} */ (frames[(i * inBlock + k) % VARIETY])),
    ),
    batches: inBlock,
  }));
}
