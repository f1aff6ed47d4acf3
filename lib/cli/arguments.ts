import { isLoopback } from '../http/host-check.js';
import { isNatsUrl, SERVERS } from '../nats/servers.js';
import { invalidOption, type OptionCheck, oneOf, wholeNumber } from '../options.js';
import { isSameSocket, SOCKET_PATH } from '../socket-path.js';
import { FORMATS, type Format } from '../text/format.js';
import { parseTime } from '../text/timestamp.js';
import { hasColor, type Io } from './io.js';
import { refusedUrl } from './nats-address.js';

/** Parses one argument for commander. @throws ERR_INVALID_OPTION */
type Parser<T> = (value: string) => T;

export function choice(name: string, ...values: readonly string[]): Parser<string> {
  return (value) => checked(name, value, value, oneOf(...values));
}

/** A whole number, or with `orOff` also `off`, which is Infinity. */
export function count(
  name: string,
  { orOff = false, ...range }: { min: number; max?: number; orOff?: boolean },
): Parser<number> {
  const { expected, accepts } = wholeNumber(range);
  const check = orOff ? { expected: `${expected}, or off`, accepts } : { expected, accepts };
  return (value) => {
    if (orOff && value === 'off') return Number.POSITIVE_INFINITY;
    return checked(name, value, /^\d+$/.test(value) ? Number(value) : Number.NaN, check);
  };
}

/** A number that satisfies a check. */
export function numberOf(name: string, check: OptionCheck): Parser<number> {
  return (value) => checked(name, value, /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN, check);
}

/** A number of seconds with at most three decimals, so a whole number of ms. */
export function seconds(name: string, { min, max }: { min: number; max: number }): Parser<number> {
  return (value) =>
    checked(name, value, /^\d+(\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN, {
      expected: `a number of seconds from ${min} to ${max}, with at most three decimals`,
      accepts: (seconds) => (seconds as number) >= min && (seconds as number) <= max,
    });
}

/** How many times faster than recorded, or `max`, which is Infinity. */
export function replaySpeed(name: string): Parser<number> {
  return (value) => {
    if (value === 'max') return Number.POSITIVE_INFINITY;
    const speed = /^\d{1,6}(\.\d{1,6})?$/.test(value) ? Number(value) : 0;
    if (speed <= 0) throw invalidOption(name, value, 'a number above 0, such as 1, 10 or 0.5, or max');
    return speed;
  };
}

/** Permissions in octal, as chmod accepts them. */
export function fileMode(name: string): Parser<number> {
  return (value) => {
    if (!/^[0-7]{3,4}$/.test(value) || Number.parseInt(value, 8) > 0o777) {
      throw invalidOption(name, value, 'permissions in octal, such as 0600 or 0660');
    }
    return Number.parseInt(value, 8);
  };
}

const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** A number of bytes, with or without a unit. */
export function byteSize(name: string): Parser<number> {
  return (value) => {
    const [, digits, unit = 'B'] = /^(\d+)(B|KiB|MiB|GiB)?$/.exec(value) ?? [];
    const bytes = Number(digits) * UNITS[unit as keyof typeof UNITS];
    if (!Number.isSafeInteger(bytes) || bytes < 1) {
      throw invalidOption(
        name,
        value,
        'a number of bytes of at least 1, such as 1000000, 64KiB, 256MiB or 1GiB',
      );
    }
    return bytes;
  };
}

/** A point in time, in ms since 1970. */
export function time(name: string): Parser<number> {
  return (value) => {
    const parsed = parseTime(value);
    if (parsed === undefined)
      throw invalidOption(name, value, 'a time such as 2026-03-03T19:42:34Z (RFC 3339)');
    return Number(parsed.seconds) * 1000 + Math.floor((parsed.nanos ?? 0) / 1e6);
  };
}

/** Where to listen for HTTP requests. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export function address(name: string): Parser<Address | 'off'> {
  return (value) => {
    if (value === 'off') return 'off';
    const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s/]+):(\d{1,5})$/.exec(value);
    const port = Number(match?.[2]);
    if (match?.[1] === undefined || port > 65_535) {
      throw invalidOption(name, value, 'HOST:PORT such as 127.0.0.1:9465, or off');
    }
    return { host: match[1].replace(/^\[|\]$/g, ''), port };
  };
}

/** Where `serve --console` listens if it names no address. */
const CONSOLE_ADDRESS: Address = { host: '127.0.0.1', port: 9466 };

/** An address that only this machine can reach, `on` for the usual one, or `off`. */
export function consoleAddress(name: string): Parser<Address | 'off'> {
  return (value) => {
    if (value === 'on') return CONSOLE_ADDRESS;
    const parsed = value === 'off' ? value : address(name)(value);
    if (parsed === 'off' || isLoopback(parsed.host)) return parsed;
    const expected =
      'a loopback address such as 127.0.0.1:9466, on, or off; to open the console from elsewhere, forward its port';
    throw invalidOption(name, value, expected);
  };
}

/** A host name or address, in lower case, and an IPv6 address without brackets. */
export function hostName(option: string): Parser<string> {
  return (value) => {
    if (!/^(?:[\w.-]+|[\da-fA-F:.]+|\[[\da-fA-F:.]+\])$/.test(value)) {
      throw invalidOption(
        option,
        value,
        'a host name or address without a port, such as metrics.example.com',
      );
    }
    return value.toLowerCase().replaceAll(/[[\]]/g, '');
  };
}

/** The prefix of a reporter that writes to a socket. The path follows. */
export const SOCKET = 'socket:';

/** The path of the socket of a reporter; undefined if the reporter writes to something else. */
export function socketOf(reporter: string): string | undefined {
  return reporter.startsWith(SOCKET) ? reporter.slice(SOCKET.length) : undefined;
}

/** The reporters that need no address. */
export const NAMED_REPORTERS: readonly string[] = ['stdout', 'null', 'coder', 'otlp'];

/** The name of a reporter, added to those before it. */
export function reporterNames(
  option: string,
): (value: string, before?: readonly string[]) => readonly string[] {
  return (value, before = []) => {
    const path = socketOf(value);
    if (isNatsUrl(value)) {
      if (!SERVERS.accepts(value)) throw refusedUrl(option, SERVERS.expected);
    } else if (!NAMED_REPORTERS.includes(value) && !path) {
      throw invalidOption(
        option,
        value,
        `one of ${NAMED_REPORTERS.join(', ')}, socket:PATH, nats://HOST:PORT`,
      );
    }
    if (path && !SOCKET_PATH.accepts(path))
      throw invalidOption(option, value, `${SOCKET}${SOCKET_PATH.expected}`);
    // There is one stream, so its reporter has one name, whatever its hosts are.
    const isSame = (other: string) =>
      other === value ||
      (path && isSameSocket(socketOf(other) ?? '', path)) ||
      (isNatsUrl(other) && isNatsUrl(value));
    if (before.some(isSame)) throw invalidOption(option, value, 'each reporter once');
    return [...before, value];
  };
}

export const FORMAT_CHOICES = ['auto', ...FORMATS] as const;

/** What decides how text is shown: a terminal or not, and the variables about colours. */
export interface Screen {
  readonly stdout: { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Io['env'];
}

/** Resolves `auto` to pretty on a terminal and to json elsewhere. */
export function textFormat(format: string, { stdout, env }: Screen): { format: Format; color: boolean } {
  const chosen = format === 'auto' ? (stdout.isTTY ? 'pretty' : 'json') : (format as Format);
  return { format: chosen, color: hasColor(stdout, env) };
}

function checked<T>(name: string, given: string, value: T, check: OptionCheck): T {
  if (!check.accepts(value)) throw invalidOption(name, given, check.expected);
  return value;
}
