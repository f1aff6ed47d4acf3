import { FieldCursor } from '../../codec/field-cursor.js';
import { WireType } from '../../codec/wire.js';

/** The server rejects a call with more logs. */
const MAX_LOGS = 1000;

/** The number of the field `ReportBoundaryLogsRequest.logs`. */
const LOGS_FIELD = 1;

/**
 * Splits an encoded ReportBoundaryLogsRequest into requests with at most `maxLogs` logs, in order. All other fields,
 * unknown ones included, are repeated in each of them. The logs are copied without being decoded.
 *
 * @param count How many logs `raw` contains.
 * @returns `raw` itself, if it has few enough logs, or if it is malformed or does not have `count` logs. The latter may
 *   be a custom `Batch`; the server decides whether it accepts it.
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
  return fields.malformed || logs !== count ? [raw] : parts.map((fields) => Buffer.concat(fields));
}
