import { Option } from 'commander';
import { invalidOption, type OptionCheck } from '../options.js';
import { eventFilter } from '../text/event-filter.js';
import { type Format, type Lines, linesOf } from '../text/format.js';
import { TerminalView } from '../text/terminal-view.js';
import { choice, type Screen, textFormat } from './arguments.js';

/** What of the events is shown, and how. */
export interface ViewOptions {
  format: string;
  wide: boolean;
  utc: boolean;
  only: 'allow' | 'deny' | undefined;
  host: string | undefined;
  session: string | undefined;
}

const FILTERS = ['only', 'host', 'session'] as const;

/** A host in which `*` stands for any text. */
export const HOST_GLOB: OptionCheck = {
  expected: 'a host without scheme and path, such as *.example.com',
  accepts: (value) => value !== '' && !/[\s/?#@]/.test(String(value)),
};

export const SESSION_START: OptionCheck = {
  expected: 'at least one character',
  accepts: (value) => value !== '',
};

/** What the options of the view do. */
export const VIEW_HELP = {
  wide: 'on a terminal, show every field of an event, and cut no URL',
  utc: 'show times in UTC instead of local time',
  only: 'show only events with this decision: allow or deny',
  host: 'show only events whose URL has this host; * stands for any text, as in *.example.com',
  session: 'show only events of this session; the first characters are enough',
};

/** The options of the view, besides `--format`. */
export function viewOptions(): Option[] {
  return [
    new Option('--wide', VIEW_HELP.wide).default(false),
    new Option('--utc', VIEW_HELP.utc).default(false),
    new Option('--only <decision>', VIEW_HELP.only).argParser(choice('--only', 'allow', 'deny')),
    new Option('--host <glob>', VIEW_HELP.host).argParser(accepted('--host', HOST_GLOB)),
    new Option('--session <id>', VIEW_HELP.session).argParser(accepted('--session', SESSION_START)),
  ];
}

/** Where `serve` shows events. A file is never a terminal, and what is set for terminals does not concern it. */
export function screenOf({ eventsFile }: { eventsFile: string | undefined }, stdout: Screen): Screen {
  return eventsFile === undefined ? stdout : { stdout: {}, env: {} };
}

/** The options of a `TextReporter` that shows events like this. */
export function viewOf(options: ViewOptions, screen: Screen): { format: Format | Lines; color: boolean } {
  const { format, color } = textFormat(options.format, screen);
  const localTime = !options.utc;
  const filter = eventFilter(options);
  if (format === 'pretty' && screen.stdout.isTTY && !options.wide) {
    const view = new TerminalView({ width: () => screen.stdout.columns, color, localTime });
    return { format: (batch) => view.lines(filter?.(batch) ?? batch), color };
  }
  if (format !== 'pretty' && filter === undefined) return { format, color };
  return { format: (batch) => linesOf(filter?.(batch) ?? batch, format, { color, localTime }), color };
}

/**
 * Makes sure that `serve` writes all events, unless it shows them to a person.
 *
 * @param nameOf What the user wrote to set an option.
 * @throws ERR_INVALID_OPTION if there is a filter, and a program or a file receives the events.
 */
export function checkFilters(
  options: ViewOptions & { reporter: readonly string[] },
  screen: Screen,
  nameOf: (option: (typeof FILTERS)[number]) => string | undefined,
): void {
  const isShown =
    options.reporter.includes('stdout') && textFormat(options.format, screen).format === 'pretty';
  const name = FILTERS.find((filter) => options[filter] !== undefined);
  if (name === undefined || (isShown && screen.stdout.isTTY)) return;
  const expected =
    'no filter here: serve filters only what it shows on a terminal with --format pretty. ' +
    'Everywhere else it delivers the events, and none may be missing. decode can filter them later';
  throw invalidOption(nameOf(name) ?? `--${name}`, options[name], expected);
}

function accepted(name: string, { accepts, expected }: OptionCheck) {
  return (value: string): string => {
    if (!accepts(value)) throw invalidOption(name, value, expected);
    return value;
  };
}
