import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { grouped } from './numbers.js';
import { clockTime } from './times.js';

const HEIGHT = 64;

/** One number over the last minutes. */
export function Chart({
  name,
  unit,
  at,
  values,
  now,
  isLoss = false,
  children,
}: {
  name: string;
  unit: string;
  /** In seconds since 1970. */
  at: readonly number[];
  values: readonly number[];
  /** The last value in words. */
  now: string;
  /** Whether anything above 0 is bad. */
  isLoss?: boolean;
  children?: ComponentChildren;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(element, isLoss), [[], []], element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    const redraw = () => made.redraw();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    addEventListener('themechange', redraw);
    scheme.addEventListener('change', redraw);
    return () => {
      observer.disconnect();
      removeEventListener('themechange', redraw);
      scheme.removeEventListener('change', redraw);
      made.destroy();
    };
  }, []);
  useEffect(() => {
    plot.current?.setData([at as number[], values as number[]]);
  });
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const words = `${name}: ${now} now, at most ${grouped(most)} ${unit} in the last 5 minutes`;
  return (
    <figure class="chart" data-loss={isLoss && most > 0}>
      <figcaption>
        <span class="name">{name}</span> <span class="now">{now}</span>
        <span class="most">max {grouped(most)}</span>
      </figcaption>
      <div ref={frame} class="plot" role="img" aria-label={words} />
      <div class="reasons">{children}</div>
    </figure>
  );
}

function optionsOf(element: HTMLElement, isLoss: boolean): uPlot.Options {
  const color = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
  return {
    width: Math.max(80, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [4, 2, 0, 2],
    scales: {
      x: { range: (_plot, _min, max) => [(max ?? 0) - 300, max ?? 0] },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max ?? 0)] },
    },
    axes: [
      {
        size: 16,
        gap: 2,
        font: '10px system-ui',
        stroke: () => color('--quiet'),
        border: { show: true, width: 1, stroke: () => color('--line') },
        grid: { show: false },
        ticks: { show: false },
        splits: (_plot, _axis, min, max) => [min + 30, max - 30],
        values: (_plot, splits) => splits.map((seconds) => clockTime(seconds * 1000)),
      },
      { show: false },
    ],
    series: [
      {},
      {
        stroke: () => color(isLoss ? '--denied' : '--text'),
        width: 1,
        fill: () => color('--fill'),
        points: { show: false },
      },
    ],
  };
}
