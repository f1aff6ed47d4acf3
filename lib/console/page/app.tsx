import { useEffect, useRef, useState } from 'preact/hooks';
import { EventDetails } from './event-details.js';
import { EventList } from './event-list.js';
import { withNamed } from './filter.js';
import { FilterBar } from './filter-bar.js';
import { FlowView } from './flow-view.js';
import { Header } from './header.js';
import { Help } from './help.js';
import { HostList } from './host-list.js';
import type { Model } from './model.js';
import { Notice, noticeOf } from './notice.js';
import type { PageEvent } from './page-event.js';
import { copyRuleOf } from './rule-line.js';
import { SessionList } from './session-list.js';
import { TokenForm } from './token-form.js';

const TABS = ['Events', 'Hosts', 'Sessions', 'Flow'] as const;
type Tab = (typeof TABS)[number];

/** The whole page. */
export function App({ model }: { model: Model }) {
  const [selected, select] = useState<PageEvent>();
  const [tab, setTab] = useState<Tab>('Events');
  const [hasHelp, setHelp] = useState(false);
  const [said, say] = useState('');
  const filterInput = useRef<HTMLInputElement>(null);
  const details = useRef<HTMLElement>(null);

  const copy = async (event: PageEvent) => say(await copyRuleOf(event));
  const move = (step: number) => {
    const row = selected === undefined ? -1 : model.log.rowOf(selected);
    const next = row < 0 ? 0 : Math.min(model.log.length - 1, Math.max(0, row + step));
    const event = model.log.at(next);
    if (event !== undefined) select(event);
  };
  const keys: Record<string, () => void> = {
    '/': () => filterInput.current?.focus(),
    j: () => move(1),
    k: () => move(-1),
    c: () => selected && void copy(selected),
    p: () => model.togglePause(),
    n: () => model.showWaiting(),
    '?': () => setHelp((is) => !is),
    Escape: () => (hasHelp ? setHelp(false) : select(undefined)),
    Enter: () => details.current?.focus(),
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { target, key } = event;
      const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
      if (isTyping && key !== 'Escape') return;
      if (isTyping) target.blur();
      if (key === 'Enter' && target instanceof HTMLElement && target.closest('button, a, summary')) return;
      if (!Object.hasOwn(keys, key)) return;
      event.preventDefault();
      keys[key]?.();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });

  const only = (name: string, value: string) => {
    model.setFilter(withNamed(model.filter, name, value));
    setTab('Events');
  };
  const notice = noticeOf(model);
  const isLocked = model.connection.kind === 'no token' || model.connection.kind === 'refused';
  return (
    <div class="page" data-tab={tab}>
      <Header model={model} onHelp={() => setHelp((is) => !is)} />
      {isLocked ? (
        <TokenForm
          isRefused={model.connection.kind === 'refused'}
          onPaste={(text) => model.usePasted(text)}
        />
      ) : (
        <>
          {notice && <Notice text={notice} />}
          <nav class="tabs" aria-label="Views">
            {TABS.map((name) => (
              <button type="button" key={name} aria-pressed={tab === name} onClick={() => setTab(name)}>
                {name}
              </button>
            ))}
          </nav>
          <main class="views">
            <div class="side">
              <HostList model={model} onOnly={(host) => only('host', host)} />
              <SessionList model={model} onOnly={(session) => only('session', session)} />
            </div>
            <section class="events" aria-label="Events">
              <FilterBar model={model} input={filterInput} />
              <EventList model={model} selected={selected} onSelect={select} onMove={move} />
              <EventDetails
                model={model}
                event={selected}
                panel={details}
                onOnly={only}
                onClose={() => select(undefined)}
              />
            </section>
            <FlowView model={model} />
          </main>
        </>
      )}
      <div class="said" role="status">
        {said}
      </div>
      {hasHelp && <Help model={model} onClose={() => setHelp(false)} />}
    </div>
  );
}
