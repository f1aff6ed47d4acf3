import { type CaptureRecord, encodeCaptureRecord } from '../../lib/index.js';
import { crc } from './crc.js';
import { random } from './cuts.js';

/** A record as {@link readByTheDocs} finds it. */
export interface Found {
  kind: string;
  connection: number;
  time: number;
  payload: Buffer;
}

const KINDS = ['', 'open', 'data', 'end', 'broken', 'closed', 'gap', 'finish'];

/** A reader that knows nothing but docs/capture-format.md. It stops at what is missing or damaged, and says where. */
export function readByTheDocs(bytes: Buffer): { startedAt: number; records: Found[]; stop: number } {
  const magic = bytes.subarray(0, 8).toString('hex');
  if (magic !== '89424c4341500a01' || bytes.readUInt32BE(16) !== crc(bytes.subarray(0, 16)))
    return { startedAt: -1, records: [], stop: 0 };
  const records: Found[] = [];
  let at = 20;
  while (at + 24 <= bytes.length && records.at(-1)?.kind !== 'finish') {
    const header = bytes.subarray(at, at + 24);
    if (header.readUInt32BE(0) !== crc(header.subarray(4))) break;
    const end = at + 24 + header.readUIntBE(9, 3);
    const payload = bytes.subarray(at + 24, end);
    if (end > bytes.length || header.readUInt32BE(4) !== crc(payload)) break;
    records.push({
      kind: KINDS[header.readUInt8(8)] ?? '',
      connection: header.readUInt32BE(12),
      time: Number(header.readBigUInt64BE(16)),
      payload,
    });
    at = end;
  }
  return { startedAt: Number(bytes.readBigUInt64BE(8)), records, stop: at };
}

/** What arrived on each connection of a capture, by its number, and how the connection ended. */
export function connectionsIn(bytes: Buffer): Map<number, { bytes: Buffer; end: string; isCut: boolean }> {
  const connections = new Map<number, { parts: Buffer[]; end: string; isCut: boolean }>();
  for (const { kind, connection, payload } of readByTheDocs(bytes).records) {
    if (kind === 'open') connections.set(connection, { parts: [], end: 'open', isCut: false });
    const found = connections.get(connection);
    if (found === undefined) continue;
    if (kind === 'data') found.parts.push(payload);
    else if (kind === 'gap') found.isCut = true;
    else if (kind !== 'open') found.end = kind;
  }
  return new Map(
    [...connections].map(([n, { parts, end, isCut }]) => [n, { bytes: Buffer.concat(parts), end, isCut }]),
  );
}

/** Whether the last record of a capture is `finish`, and it has no gap. */
export function isComplete(bytes: Buffer): boolean {
  const { records, stop } = readByTheDocs(bytes);
  const kinds = records.map(({ kind }) => kind);
  return stop === bytes.length && kinds.at(-1) === 'finish' && !kinds.includes('gap');
}

/** The records of a random capture that can have happened. The same seed leads to the same records. */
export function randomRecords(seed: number, { gaps = true } = {}): CaptureRecord[] {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  const records: CaptureRecord[] = [{ kind: 'start', startedAt: 1_772_566_954_000_000 + below(1000) }];
  const open: number[] = [];
  let [highest, time] = [0, 0];
  for (let steps = below(60); steps > 0; steps--) {
    time += below(3) === 0 ? below(2 ** 31) * 1000 : below(100);
    const what = below(gaps ? 11 : 9);
    const at = below(open.length);
    const connection = open[at];
    if (what < 2 || connection === undefined) {
      highest += 1 + (gaps ? below(2) : 0);
      open.push(highest);
      records.push({ kind: 'open', connection: highest, time });
    } else if (what < 8) {
      const bytes = Buffer.from(
        Array.from({ length: 1 + below(below(4) === 0 ? 3000 : 40) }, () => below(256)),
      );
      records.push({ kind: 'data', connection, time, bytes });
    } else if (what === 8) {
      open.splice(at, 1);
      const kind = (['end', 'broken', 'closed'] as const)[below(3)] as 'end';
      records.push({ kind, connection, time });
    } else {
      const amounts = { bytes: below(2 ** 31), connections: what === 9 ? 0 : below(5) };
      records.push({ kind: 'gap', connection: what === 9 ? connection : 0, time, ...amounts });
    }
  }
  return [...records, { kind: 'finish', time }];
}

/** The bytes of a capture with these records. */
export function captureOf(records: readonly CaptureRecord[]): Buffer {
  return Buffer.concat(records.map(encodeCaptureRecord));
}
