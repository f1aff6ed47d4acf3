import type { CaptureGap } from './record.js';

/** What a gap means, for a person. */
export function gapNote({ connection, bytes, connections }: CaptureGap): string {
  const why = 'because the recorder could not write';
  if (connection > 0)
    return `connection ${connection}: ${bytes} bytes are missing here, ${why}: the rest of the connection is left out`;
  return `the capture lacks ${bytes} bytes and ${connections} connections, and perhaps the ends of other connections, ${why}`;
}
