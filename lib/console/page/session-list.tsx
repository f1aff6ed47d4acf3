import { useRef, useState } from 'preact/hooks';
import type { SessionRow } from '../messages.js';
import type { Model } from './model.js';
import { counted, grouped } from './numbers.js';
import { shown } from './shown.js';
import { momentOf } from './times.js';

/** The sessions: which of them are complete, and who lost what is missing in the others. */
export function SessionList({ model, onOnly }: { model: Model; onOnly: (session: string) => void }) {
  const [isPointed, point] = useState(false);
  const before = useRef<readonly SessionRow[]>([]);
  const sessions = model.knowledge?.state.sessions;
  const { rows = [], others = 0, unnumbered = 0 } = sessions ?? {};
  const isHeld = isPointed || model.pausedSince !== undefined;
  const known = new Map(rows.map((row) => [row.id, row]));
  const shownRows = isHeld ? before.current.map((row) => known.get(row.id) ?? row) : rows;
  if (!isHeld) before.current = rows;
  return (
    <section
      class="sessions"
      aria-label="Sessions"
      onPointerEnter={() => point(true)}
      onPointerLeave={() => point(false)}
    >
      <header>
        <h2>Sessions</h2>
      </header>
      {shownRows.length === 0 && (
        <p class="empty">
          {sessions === null
            ? 'The proxy does not look for missing events: it runs with --no-audit.'
            : 'No session was seen yet.'}
        </p>
      )}
      <ul>
        {shownRows.map((row) => (
          <li key={row.id} data-incomplete={row.isIncomplete}>
            <p>
              <button
                type="button"
                class="plain"
                dir="ltr"
                title={`List only events of the session ${shown(row.id)}`}
                onClick={() => onOnly(row.id)}
              >
                {shown(row.id.slice(0, 8))}
              </button>{' '}
              <span dir="ltr">{shown(model.processes.get(row.id) ?? '')}</span>
              <span class="at">{momentOf(row.lastAt, Date.now())}</span>
            </p>
            <p class="verdict">{row.verdict}</p>
            <p class="amounts">
              {grouped(row.denied)} denied, {grouped(row.allowed)} allowed{row.isOpen ? '' : ', ended'}
            </p>
          </li>
        ))}
      </ul>
      {others > 0 && <p class="more">{counted(others, 'session')} more.</p>}
      {unnumbered > 0 && (
        <p class="more">
          {counted(unnumbered, 'event has', 'events have')} no session: their sender does not number its
          events, so nobody can say whether some are missing.
        </p>
      )}
    </section>
  );
}
