import { CopyButton } from './copy-button.js';
import { EVERYTHING } from './filter.js';
import type { Model } from './model.js';

/** Why no event is listed, and what to do. */
export function EmptyState({ model }: { model: Model }) {
  const { log, knowledge, connection } = model;
  if (log.size > 0) {
    return (
      <div class="empty">
        <p>None of the events matches the filter.</p>
        <button type="button" onClick={() => model.setFilter(EVERYTHING)}>
          Show all events
        </button>
      </div>
    );
  }
  if (connection.kind === 'connecting' || knowledge === undefined) {
    return (
      <div class="empty">
        <p>
          {connection.kind === 'lost' ? 'The proxy does not answer. This page tries again.' : 'Connecting.'}
        </p>
      </div>
    );
  }
  const { sample, socketPath, source } = knowledge.hello;
  if (source !== null) {
    return (
      <div class="empty">
        <p>
          No events yet. What other proxies publish appears here as soon as it arrives from{' '}
          <code dir="ltr">{source}</code>.
        </p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>
        No events yet. What boundary decides appears here as soon as it sends it to{' '}
        <code dir="ltr">{socketPath}</code>.
      </p>
      <p>To see samples, run in another terminal:</p>
      <p class="command">
        <code dir="ltr">{sample}</code> <CopyButton text={sample} label="Copy the command" />
      </p>
    </div>
  );
}
