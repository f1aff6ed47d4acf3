/** One sample of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses Prometheus text. */
export function samplesOf(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      return {
        name,
        labels: Object.fromEntries(pairs.map(([, label, is]) => [label, is])),
        value: Number(value),
      };
    });
}

const TERM = /([+-])\s*(?:sum without \((\w+)\) \()?(\w+)(?:\{(\w+)!~"([^"]*)"\})?\)?/y;

/**
 * Evaluates the expressions of PromQL that the documentation uses: sums and differences of metrics, each perhaps summed
 * over a label, of which some values are left out. A metric that does not exist is an error.
 */
export function evaluate(expression: string, samples: readonly Sample[]): number {
  const text = `+ ${expression.replaceAll(/\s+/g, ' ').trim()}`;
  let result = 0;
  for (TERM.lastIndex = 0; TERM.lastIndex < text.length; ) {
    const [, sign, , name = '', label = '', pattern] = TERM.exec(text) ?? [];
    if (name === '') throw new Error(`cannot evaluate ${expression}`);
    const all = samples.filter((sample) => sample.name === name);
    if (all.length === 0) throw new Error(`there is no metric ${name}`);
    const isLeftOut = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`);
    const value = all
      .filter(({ labels }) => isLeftOut?.test(labels[label] ?? '') !== true)
      .reduce((sum, sample) => sum + sample.value, 0);
    result += sign === '+' ? value : -value;
    while (text[TERM.lastIndex] === ' ') TERM.lastIndex += 1;
  }
  return result;
}
