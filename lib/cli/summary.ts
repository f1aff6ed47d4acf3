import { escapeUnprintable } from '../printable.js';
import { EventSummary, SHORT } from './event-summary.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { RecordInput } from './record-input.js';
import { writeText } from './stdout.js';

export interface SummaryOptions {
  json: boolean;
}

/** Counts the events of files by host, session and process. The exit code says whether everything could be read. */
export async function summary(files: readonly string[], options: SummaryOptions, io: Io): Promise<number> {
  const input = new RecordInput(files, io);
  const found = new EventSummary();
  for await (const record of input.records()) found.add(record);
  const lines = options.json
    ? [escapeUnprintable(JSON.stringify(found))]
    : found.lines(io.stdout.isTTY ? SHORT : undefined, ': --json shows them');
  try {
    await writeText(io, [`${lines.join('\n')}\n`]);
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
  }
  return input.hasLoss ? ExitCode.FAILED : ExitCode.DONE;
}
