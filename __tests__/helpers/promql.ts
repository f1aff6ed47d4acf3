/** Words of PromQL that are neither functions nor names. */
const KEYWORDS = new Set([
  ...[
    'and',
    'or',
    'unless',
    'by',
    'without',
    'on',
    'ignoring',
    'group_left',
    'group_right',
    'offset',
    'bool',
  ],
  ...['Inf', 'NaN'],
]);

/** The names that an expression mentions. */
export interface Mentioned {
  readonly metrics: string[];
  readonly labels: string[];
}

/** Finds the metrics and the labels that are mentioned in PromQL. */
export function mentionedIn(expression: string): Mentioned {
  const labels: string[] = [];
  const list = (_: string, names: string) => {
    labels.push(...(names.match(/\w+/g) ?? []));
    return ' ';
  };
  const rest = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\{([^}]*)\}/g, (_, matchers: string) => {
      labels.push(...[...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, name]) => name as string));
      return ' ';
    })
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, list)
    .replaceAll(/\bgroup_(?:left|right)\s*\(([^)]*)\)/g, list);
  const names = [...rest.matchAll(/(?<![\w$.])([a-zA-Z_:][\w:]*)\b(?!\s*\()/g)].map(
    ([, name]) => name as string,
  );
  return { metrics: names.filter((name) => !KEYWORDS.has(name)), labels };
}
