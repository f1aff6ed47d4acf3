import type { PageEvent } from './page-event.js';

/** Which events are listed, and in which order. */
export interface Filter {
  /** Words that must all occur, and names with a value: `host:`, `method:`, `session:`, `process:`. */
  readonly text: string;
  readonly decision: 'all' | 'denied' | 'allowed';
  readonly order: 'newest' | 'denied';
}

export const EVERYTHING: Filter = { text: '', decision: 'all', order: 'newest' };

type Test = (event: PageEvent) => boolean;

const NAMES: Record<string, (value: string) => Test> = {
  host: (value) => {
    const host = value.toLowerCase();
    if (!host.startsWith('*')) return (event) => event.host === host;
    return (event) => event.host.endsWith(host.slice(1));
  },
  method: (value) => {
    const methods = value.toUpperCase().split(',');
    return (event) => methods.includes(event.method.toUpperCase());
  },
  session: (value) => (event) => event.session.startsWith(value),
  process: (value) => (event) => event.process === value,
};

const WORD = /(?:(\w+):)?(?:"([^"]*)"|(\S+))/g;

/** A test of events. It runs on each of 100,000 events while somebody types. */
export function testOf({ text, decision }: Filter): Test {
  const tests: Test[] = [];
  if (decision !== 'all') tests.push((event) => event.isDenied === (decision === 'denied'));
  for (const [whole, name = '', inQuotes, plain = ''] of text.matchAll(WORD)) {
    const named = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (named !== undefined) tests.push(named(inQuotes ?? plain));
    else {
      const word = (inQuotes !== undefined && name === '' ? inQuotes : whole).toLowerCase();
      tests.push((event) => event.search.includes(word));
    }
  }
  const [first, second, ...others] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (event) => first(event) && second(event) && others.every((test) => test(event));
}

/** A filter to which a name with a value is added, in place of another value of that name. */
export function withNamed(filter: Filter, name: string, value: string): Filter {
  const others = [...filter.text.matchAll(WORD)]
    .filter(([, other]) => other !== name)
    .map(([whole]) => whole);
  return { ...filter, text: [...others, `${name}:${/[\s"]/.test(value) ? `"${value}"` : value}`].join(' ') };
}

/** The part of the page's address behind `#` that keeps the filter. */
export function toFragment({ text, decision, order }: Filter): string {
  const values = new URLSearchParams();
  if (text.trim() !== '') values.set('filter', text.trim());
  if (decision !== 'all') values.set('decision', decision);
  if (order !== 'newest') values.set('order', order);
  return values.toString();
}

/** The filter of an address, whoever wrote it. */
export function fromFragment(fragment: string): Filter {
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  const decision = values.get('decision');
  return {
    text: values.get('filter') ?? '',
    decision: decision === 'denied' || decision === 'allowed' ? decision : 'all',
    order: values.get('order') === 'denied' ? 'denied' : 'newest',
  };
}
