import { FieldCursor } from '../../../codec/field-cursor.js';
import { WireType } from '../../../codec/wire.js';

/** More logs in one call are an error to the server. */
export const MAX_LOGS = 1000;

/** `ReportBoundaryLogsRequest.logs`. */
const LOGS_FIELD = 1;

/**
 * Cuts an encoded ReportBoundaryLogsRequest into ones of at most `maxLogs` logs, in order. Everything
 * that is no log, unknown fields among it, is in each of them. Logs are not looked into.
 *
 * @param count How many logs there are.
 * @returns `raw` itself, where there are few enough.
 */
export function splitRequest(raw: Uint8Array, count: number, maxLogs = MAX_LOGS): Uint8Array[] {
  if (count <= maxLogs) return [raw];
  const parts: Uint8Array[][] = Array.from({ length: Math.ceil(count / maxLogs) }, () => []);
  const fields = new FieldCursor(raw, 0, raw.length);
  let logs = 0;
  for (let start = 0; fields.next(); start = fields.stop) {
    const field = raw.subarray(start, fields.stop);
    if (fields.number === LOGS_FIELD && fields.wireType === WireType.LENGTH) {
      parts[Math.floor(logs / maxLogs)]?.push(field);
      logs += 1;
    } else {
      for (const part of parts) part.push(field);
    }
  }
  // What is not what it is said to be, an own Batch perhaps, is for the server to judge.
  return fields.malformed || logs !== count ? [raw] : parts.map((fields) => Buffer.concat(fields));
}
