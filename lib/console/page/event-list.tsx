import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { EmptyState } from './empty-state.js';
import type { Model } from './model.js';
import type { PageEvent } from './page-event.js';
import { shown, shownUrl } from './shown.js';
import { localTime, utcTime } from './times.js';

/** Rows above and below the visible ones, so that scrolling shows no gaps. */
const OVERSCAN = 8;

/** More of a rule than a row has room for. */
const MAX_RULE = 200;

interface Size {
  /** Height of the list and of a row, in pixels of CSS. */
  readonly height: number;
  readonly row: number;
  /** How many characters of a URL fit into a row. */
  readonly columns: number;
}

/** The events that the filter accepts. Only the visible ones are drawn. */
export function EventList({
  model,
  selected,
  onSelect,
  onMove,
}: {
  model: Model;
  selected: PageEvent | undefined;
  onSelect: (event: PageEvent) => void;
  onMove: (step: number) => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>({ height: 600, row: 24, columns: 80 });
  const [top, setTop] = useState(0);
  const isOver = useRef(false);
  const { log } = model;

  useLayoutEffect(() => {
    const measure = () => {
      const [element, row] = [list.current, probe.current];
      const url = row?.querySelector('.url');
      const character = row?.querySelector('.character');
      if (!element || !row || !url || !character) return;
      const columns = Math.floor(
        url.getBoundingClientRect().width / (character.getBoundingClientRect().width / 10),
      );
      setSize({ height: element.clientHeight, row: row.offsetHeight, columns: Math.max(12, columns) });
    };
    measure();
    const observer = new ResizeObserver(measure);
    if (list.current) observer.observe(list.current);
    if (probe.current) observer.observe(probe.current);
    return () => observer.disconnect();
  }, []);

  const point = () => {
    model.isPointed = isOver.current || (list.current?.scrollTop ?? 0) > 0;
  };
  const row = selected === undefined ? -1 : log.rowOf(selected);
  // A row that the keyboard has reached is scrolled to.
  useEffect(() => {
    const element = list.current;
    if (element === null || row < 0 || isOver.current) return;
    const [start, end] = [row * size.row, (row + 1) * size.row];
    if (start < element.scrollTop) element.scrollTop = start;
    else if (end > element.scrollTop + element.clientHeight) element.scrollTop = end - element.clientHeight;
  }, [selected]);
  // Another filter begins at its newest event, and so does a list to which what waited is added.
  useEffect(() => {
    if (list.current) list.current.scrollTop = 0;
  }, [model.filter, model.shows]);

  const first = Math.max(0, Math.floor(top / size.row) - OVERSCAN);
  const end = Math.min(log.length, Math.ceil((top + size.height) / size.row) + OVERSCAN);
  const rows = [];
  for (let i = first; i < end; i++) {
    const event = log.at(i);
    if (event === undefined) continue;
    rows.push(
      <Row
        key={event.number}
        event={event}
        top={i * size.row}
        columns={size.columns}
        position={i + 1}
        total={log.length}
        isSelected={event === selected}
        onSelect={onSelect}
      />,
    );
  }
  return (
    <div class="list-frame">
      <div
        ref={list}
        class="list"
        role="listbox"
        tabIndex={0}
        hidden={log.length === 0}
        aria-label={
          log.filter.order === 'newest' ? 'Events, the newest first' : 'Events, the denied ones first'
        }
        aria-activedescendant={row >= 0 ? `event-${selected?.number}` : undefined}
        onScroll={(event) => {
          setTop(event.currentTarget.scrollTop);
          point();
        }}
        onPointerEnter={(event) => {
          isOver.current = event.pointerType === 'mouse';
          point();
        }}
        onPointerLeave={() => {
          isOver.current = false;
          point();
        }}
        onKeyDown={(event) => {
          const steps: Record<string, number> = {
            ...{ ArrowDown: 1, ArrowUp: -1, Home: -log.length, End: log.length },
            PageDown: Math.floor(size.height / size.row),
            PageUp: -Math.floor(size.height / size.row),
          };
          const step = steps[event.key];
          if (step === undefined) return;
          event.preventDefault();
          isOver.current = false;
          onMove(step);
        }}
      >
        <div class="rows" role="presentation" style={{ height: `${log.length * size.row}px` }}>
          {rows}
        </div>
      </div>
      {log.length === 0 && <EmptyState model={model} />}
      <div ref={probe} class="row probe" aria-hidden="true">
        <span class="time">00:00:00.000</span>
        <span class="decision">DENY</span>
        <span class="method">OPTIONS</span>
        <span class="url">
          <span class="character">0000000000</span>
        </span>
        <span class="matched" />
      </div>
    </div>
  );
}

function Row({
  event,
  top,
  columns,
  position,
  total,
  isSelected,
  onSelect,
}: {
  event: PageEvent;
  top: number;
  columns: number;
  position: number;
  total: number;
  isSelected: boolean;
  onSelect: (event: PageEvent) => void;
}) {
  const { isDenied, method, url, time, number, rule } = event;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys, as it has the focus.
    <div
      id={`event-${number}`}
      class={isDenied ? 'row denied' : 'row'}
      role="option"
      tabIndex={-1}
      aria-selected={isSelected}
      aria-posinset={position}
      aria-setsize={total}
      style={{ top: `${top}px` }}
      onClick={() => onSelect(event)}
    >
      <time class="time" title={utcTime(time)}>
        {time === '' ? '–' : shown(localTime(time))}
      </time>
      <span class="decision">{isDenied ? 'DENY' : 'allow'}</span>
      <span class="method" dir="ltr">
        {shown(method)}
      </span>
      <span class="url" dir="ltr">
        {url === '' ? '(no URL)' : shownUrl(url, columns)}
      </span>
      {rule !== '' && (
        <span class="matched" dir="ltr">
          {shown(rule.slice(0, MAX_RULE))}
        </span>
      )}
    </div>
  );
}
