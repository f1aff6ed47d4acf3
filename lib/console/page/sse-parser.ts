/** One server-sent event. */
export interface ServerEvent {
  readonly name: string;
  readonly id: string;
  /** Its lines of data. */
  readonly data: readonly string[];
}

/** Splits the text of a stream into server-sent events, wherever its chunks are cut. */
export class SseParser {
  #rest = '';

  /** Adds a chunk. @returns the events that are complete. */
  push(chunk: string): ServerEvent[] {
    const blocks = (this.#rest + chunk).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map(eventOf);
  }
}

function eventOf(block: string): ServerEvent {
  let name = 'message';
  let id = '';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('data: ')) data.push(line.slice(6));
    else if (line.startsWith('event: ')) name = line.slice(7);
    else if (line.startsWith('id: ')) id = line.slice(4);
  }
  return { name, id, data };
}
