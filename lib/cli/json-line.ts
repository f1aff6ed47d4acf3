import { escapeUnprintable } from '../printable.js';

/** A line of JSON as the commands write it: with keys like `lost_by`, as in events, and every character visible. */
export function jsonLine(value: object): string {
  return `${escapeUnprintable(JSON.stringify(snakeCased(value)))}\n`;
}

function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCased(inner),
    ]),
  );
}
