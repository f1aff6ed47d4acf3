import { useEffect, useRef } from 'preact/hooks';
import type { Model } from './model.js';
import { counted, grouped } from './numbers.js';
import { type Answer, answerOf, lossText } from './status.js';
import { ThemeButton } from './theme-button.js';
import { clockTime, zoneName } from './times.js';

/** The first line: whether everything is all right, how much there is, and what the page can do. */
export function Header({ model, onHelp }: { model: Model; onHelp: () => void }) {
  const { knowledge, log, pausedSince } = model;
  const { text, isWarning } = statusOf(model);
  // A screen reader says it again only if more than its numbers has changed.
  const spoken = useRef({ words: '', text: '' });
  const words = text.replaceAll(/\d[\d,.:]*/g, '');
  if (words !== spoken.current.words) spoken.current = { words, text };
  useEffect(() => {
    document.title = `${isWarning ? 'Warning: ' : ''}boundary-log-proxy`;
  }, [isWarning]);
  return (
    <header class="header">
      <h1>boundary-log-proxy</h1>
      <p class="status" data-warning={isWarning}>
        {isWarning && <strong>Warning: </strong>}
        {text}
      </p>
      <p class="spoken" role="status">
        {spoken.current.text}
      </p>
      {knowledge && (
        <p class="counts">
          <span>{counted(log.size, 'event')}</span>, <span>{grouped(log.deniedCount)} denied</span>
          <span class="loss">{lossText(knowledge)}</span>
        </p>
      )}
      <p class="zone" title="The zone of all times. Hover over a time to see UTC.">
        {zoneName(Date.now())}
      </p>
      <div class="actions">
        <button type="button" aria-pressed={pausedSince !== undefined} onClick={() => model.togglePause()}>
          {pausedSince === undefined ? 'Pause' : `Resume (paused ${clockTime(pausedSince)})`}
        </button>
        <ThemeButton />
        <button type="button" onClick={onHelp}>
          Help
        </button>
      </div>
    </header>
  );
}

function statusOf({ connection, knowledge }: Model): Answer {
  const plain = (text: string): Answer => ({ text, isWarning: false });
  switch (connection.kind) {
    case 'lost':
      return plain(`Disconnected since ${clockTime(connection.since)}. Retrying.`);
    case 'full':
      return plain('Too many pages of this proxy are open. Close one of them.');
    case 'no token':
    case 'refused':
      return plain('Locked.');
    default:
      return knowledge === undefined ? plain('Connecting.') : answerOf(knowledge);
  }
}
