/** ANSI codes that switch a style on and off. */
const STYLES = { dim: [2, 22], red: [31, 39], green: [32, 39] } as const;

/** A text in a style, or as it is if it is empty or there are no colours. */
export function paint(style: keyof typeof STYLES, text: string, color: boolean): string {
  if (!color || text === '') return text;
  const [on, off] = STYLES[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
