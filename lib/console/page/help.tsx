import { useEffect, useRef } from 'preact/hooks';
import type { Model } from './model.js';

const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['/', 'go to the filter'],
  ['j, k', 'select the next or the previous event'],
  ['Enter', 'go to the details of the selected event'],
  ['c', 'copy the rule that would allow the selected event'],
  ['n', 'list the new events that wait'],
  ['p', 'pause or resume'],
  ['Esc', 'close, or select nothing'],
  ['?', 'show or hide this'],
];

const FILTERS: readonly (readonly [filter: string, finds: string])[] = [
  ['upload', 'events with this text anywhere'],
  ['host:api.example.com', 'events of one host'],
  ['host:*.example.com', 'events of its subdomains'],
  ['method:POST,PUT', 'events with one of these methods'],
  ['session:a3f9', 'events of sessions that begin like this'],
  ['process:"claude code"', 'events of one process'],
];

/** The keys and the filters. */
export function Help({ model, onClose }: { model: Model; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { version = '', socketPath = '', source = null } = model.knowledge?.hello ?? {};
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys and filters</h2>
      <Definitions of={KEYS} />
      <Definitions of={FILTERS} />
      <p>
        A filter may have several words; an event must match all of them. The address keeps the filter,
        without the token.
      </p>
      {version !== '' && (
        <p>
          boundary-log-proxy {version}, {source === null ? 'listening on ' : 'taking logs from '}
          <code dir="ltr">{source ?? socketPath}</code>
        </p>
      )}
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

function Definitions({ of }: { of: readonly (readonly [string, string])[] }) {
  return (
    <dl>
      {of.map(([term, text]) => (
        <div key={term}>
          <dt>
            <kbd>{term}</kbd>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
