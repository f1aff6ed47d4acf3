import { escapeUnprintable, quoted } from '../printable.js';
import type { RequestedEvent } from '../rules/request-pattern.js';
import type { InexpressibleEvents, SuggestedRule, Suggestions } from '../rules/suggester.js';
import { shellWord } from './invocation.js';
import { counted, shownText } from './text-table.js';

/** How many of the requests without a rule are shown. A program gets all of them. */
const MAX_SHOWN = 50;

/** Formats rules as flags for the command line of boundary, one on each line. The other lines are comments. */
export function asFlags({ rules, ...rest }: Suggestions): string[] {
  const blocks = rules.map((rule) => [...comments(rule), `--allow ${shellWord(rule.rule)}`]);
  return separated([...blocks, ...withoutRule(rest)]);
}

/** Formats rules as the list `allowlist` of boundary's configuration file. */
export function asYaml({ rules, ...rest }: Suggestions): string[] {
  const blocks = rules.map((rule) =>
    [...comments(rule), `- ${quoted(rule.rule)}`].map((line) => `  ${line}`),
  );
  const list = blocks.length === 0 ? ['allowlist: []'] : ['allowlist:', ...separated(blocks)];
  return separated([list, ...withoutRule(rest)]);
}

/** Formats rules as one line of JSON. */
export function asJson({ rules, inexpressible, leftOut }: Suggestions): string[] {
  const value = {
    rules: rules.map(({ rule, events, example, alsoAllows }) => ({
      rule,
      events,
      example,
      also_allows: alsoAllows,
    })),
    without_rule: inexpressible.map(({ part, reason, events, example }) => ({
      part,
      reason,
      events,
      example,
    })),
    left_out: leftOut,
  };
  return [escapeUnprintable(JSON.stringify(value))];
}

function comments({ events, example, alsoAllows }: SuggestedRule): string[] {
  const also = alsoAllows.map((what) => `# It also allows ${what}.`);
  return [`# ${counted(events, 'event')}, such as ${requestText(example)}`, ...also];
}

function withoutRule({ inexpressible, leftOut }: Omit<Suggestions, 'rules'>): string[][] {
  const lines = inexpressible
    .slice(0, MAX_SHOWN)
    .map(
      (one) =>
        `# ${counted(one.events, 'event')}, such as ${requestText(one.example)}: ${one.reason}${advice(one)}`,
    );
  const more = inexpressible.slice(MAX_SHOWN);
  const events = more.reduce((sum, one) => sum + one.events, 0);
  if (more.length > 0)
    lines.push(`# ${counted(events, 'event')} of ${more.length} other kinds: --json shows them`);
  const blocks = lines.length === 0 ? [] : [['# There is no suitable rule for these events:', ...lines]];
  if (leftOut === 0) return blocks;
  const why = 'because there are too many different requests: --by method or --by domain needs fewer rules';
  return [...blocks, [`# ${counted(leftOut, 'event')} are left out, ${why}`]];
}

/** Names the level at which there is a rule. */
function advice({ part }: InexpressibleEvents): string {
  if (part === 'path') return '; --by method suggests one';
  return part === 'method' ? '; --by domain suggests one' : '';
}

/** A request on one line. */
export function requestText({ http_method = '-', http_url = '-' }: RequestedEvent): string {
  return `${shownText(http_method)} ${shownText(http_url)}`;
}

/** Blocks of lines with an empty line between them. */
function separated(blocks: readonly (readonly string[])[]): string[] {
  return blocks.flatMap((block, i) => (i === 0 ? block : ['', ...block]));
}
