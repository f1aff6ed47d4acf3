import type { Recorded } from '../records/record.js';
import { hostText } from '../rules/host-text.js';
import type { BoundaryEvent } from '../text/event.js';
import { BoundedMap } from './bounded-map.js';
import { counted, shownText, tableLines } from './text-table.js';

/** How many events were decided in each way. */
interface Decisions {
  denied: number;
  allowed: number;
}

const none = (): Decisions => ({ denied: 0, allowed: 0 });

/** How many rows of a table a terminal shows, and the log of a service. */
export const SHORT = 20;

/** Counts events by decision for each host, session and process. It keeps at most 10,000 of each. */
export class EventSummary {
  readonly #all = none();
  readonly #hosts = new BoundedMap(none);
  readonly #sessions = new BoundedMap(none);
  readonly #processes = new BoundedMap(none);
  #droppedBySenders = 0n;

  /** Adds an event, or the drops that a sender reports. */
  add(record: Recorded): void {
    if (record.kind === 'event') this.addEvent(record.event);
    else
      for (const dropped of [record.droppedChannelFull, record.droppedBatchFull])
        if (dropped > 0n) this.#droppedBySenders += dropped;
  }

  addEvent({ decision, http_url, session_id = '', confined_process_name = '' }: BoundaryEvent): void {
    const host = http_url === undefined ? '' : hostText(http_url);
    const counts = [
      this.#all,
      this.#hosts.get(host),
      this.#sessions.get(session_id),
      this.#processes.get(confined_process_name),
    ];
    for (const count of counts)
      if (count !== undefined) count[decision === 'allow' ? 'allowed' : 'denied'] += 1;
  }

  /** The summary as JSON, for programs. */
  toJSON(): object {
    const rows = (map: BoundedMap<Decisions>, name: string) =>
      sorted(map).map(([key, count]) => ({ [name]: key, ...count }));
    return {
      events: this.#all.denied + this.#all.allowed,
      ...this.#all,
      // An int64, which a number of JSON cannot hold.
      dropped_by_senders: String(this.#droppedBySenders),
      hosts: rows(this.#hosts, 'host'),
      sessions: rows(this.#sessions, 'session_id'),
      processes: rows(this.#processes, 'confined_process_name'),
      left_out: {
        hosts: this.#hosts.leftOut,
        sessions: this.#sessions.leftOut,
        processes: this.#processes.leftOut,
      },
    };
  }

  /** The summary as text, for people. @param maxRows How many rows of each table. @param hint Where the others are. */
  lines(maxRows = Number.POSITIVE_INFINITY, hint = ''): string[] {
    const { denied, allowed } = this.#all;
    const lines = [`${counted(denied + allowed, 'event')}: ${denied} denied, ${allowed} allowed`];
    if (this.#droppedBySenders > 0n)
      lines.push(
        `boundary itself dropped ${counted(this.#droppedBySenders, 'event')}; they are in none of the tables`,
      );
    if (denied + allowed === 0) return lines;
    const tables = [
      ['host', this.#hosts],
      ['session', this.#sessions],
      ['process', this.#processes],
    ] as const;
    return [...lines, ...tables.flatMap(([name, map]) => ['', ...tableOf(name, map, maxRows, hint)])];
  }
}

function tableOf(name: string, map: BoundedMap<Decisions>, maxRows: number, hint: string): string[] {
  const rows = sorted(map);
  const shown = rows.slice(0, maxRows);
  const lines = tableLines(
    [name, 'denied', 'allowed'],
    shown.map(([key, { denied, allowed }]) => [key === '' ? '-' : shownText(key), denied, allowed]),
  );
  const more = rows.length - shown.length;
  if (more > 0) lines.push(`and ${more} more${hint}`);
  if (map.leftOut > 0)
    lines.push(`and ${counted(map.leftOut, 'event')} of further rows, for which the table has no room`);
  return lines;
}

/** Rows with the most denied events first; among equal ones, those with the most allowed events. */
function sorted(map: BoundedMap<Decisions>): [string, Decisions][] {
  return map.entries.sort(
    ([a, one], [b, other]) => other.denied - one.denied || other.allowed - one.allowed || (a < b ? -1 : 1),
  );
}
