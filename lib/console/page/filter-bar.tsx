import type { RefObject } from 'preact';
import type { Filter } from './filter.js';
import type { Model } from './model.js';
import { counted } from './numbers.js';

const DECISIONS: readonly Filter['decision'][] = ['all', 'denied', 'allowed'];

/** Chooses which events are listed. */
export function FilterBar({ model, input }: { model: Model; input: RefObject<HTMLInputElement | null> }) {
  const { filter, log } = model;
  const change = (changed: Partial<Filter>) => model.setFilter({ ...filter, ...changed });
  return (
    <search class="filter">
      <label class="text">
        Filter
        <input
          ref={input}
          type="text"
          autocomplete="off"
          spellcheck={false}
          placeholder="words, host: method: session: process:"
          value={filter.text}
          onInput={(event) => change({ text: event.currentTarget.value })}
        />
      </label>
      <fieldset>
        <legend>Decision</legend>
        {DECISIONS.map((decision) => (
          <label key={decision}>
            <input
              type="radio"
              name="decision"
              checked={filter.decision === decision}
              onChange={() => change({ decision })}
            />
            {decision}
          </label>
        ))}
      </fieldset>
      <label>
        Order
        <select
          value={filter.order}
          onChange={(event) =>
            change({ order: event.currentTarget.value === 'denied' ? 'denied' : 'newest' })
          }
        >
          <option value="newest">newest first</option>
          <option value="denied">denied first</option>
        </select>
      </label>
      <div class="listed">
        {log.waiting === 0 ? (
          `${counted(log.length, 'event')} listed`
        ) : (
          // In the place of the number, so that nothing moves when it appears.
          <button type="button" class="waiting" onClick={() => model.showWaiting()}>
            {counted(log.waiting, 'new event')}: show
          </button>
        )}
      </div>
    </search>
  );
}
