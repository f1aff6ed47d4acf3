import { X509Certificate } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { createSecureContext } from 'node:tls';
import { isRecord } from '../../../codec/argument.js';
import { BoundaryLogError } from '../../errors.js';
import { COALESCE_OPTIONS } from '../../forwarding/coalesce-options.js';
import { guardedLogger } from '../../guard.js';
import type { Logger } from '../../logger.js';
import {
  checkArgument,
  LOGGER_OPTION,
  milliseconds,
  type OptionTable,
  oneOf,
  type ResolvedOptions,
  resolveOptions,
} from '../../options.js';
import { parsedUrl } from '../../parsed-url.js';
import { messageOf } from '../../printable.js';

/** How log records are encoded. */
export type OtlpProtocol = 'http/protobuf' | 'http/json';

/** Certificates and keys, each as PEM. */
export interface OtlpTls {
  /** The authorities that are trusted instead of those of Node. */
  ca?: string | Buffer | undefined;
  /** The certificate of the client. */
  cert?: string | Buffer | undefined;
  /** Its key. */
  key?: string | Buffer | undefined;
}

/** Options of {@link OtlpReporter}. `otlpOptionsOf()` makes them of the standard environment variables. */
export interface OtlpReporterOptions {
  /** The complete URL that receives the logs, `http` or `https`. Such as `http://localhost:4318/v1/logs`. */
  url: string;
  /** How log records are encoded: `'http/protobuf'` or `'http/json'`. Default: `'http/protobuf'`. */
  protocol?: OtlpProtocol | undefined;
  /** Headers of each request, such as the credentials; they never appear in a log or an error. Default: none. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** How long one export may take, in ms. Default: `10000`. */
  timeoutMs?: number | undefined;
  /** Upper limit of `timeoutMs`, which doubles after each export that took too long, in ms. Default: `300000`. */
  maxTimeoutMs?: number | undefined;
  /** Whether requests are compressed: `'gzip'` or `'none'`. Default: `'none'`. */
  compression?: 'gzip' | 'none' | undefined;
  /** The certificates and the key for `https`: `{ ca, cert, key }`, as PEM. Default: those of Node. */
  tls?: OtlpTls | undefined;
  /**
   * Attributes of the resource, which all log records share; `service.name` is `boundary-log-proxy` unless it is among
   * them. Default: only that.
   */
  resource?: Readonly<Record<string, string>> | undefined;
  /** How many logs one export may contain. Default: `1000`. */
  maxLogs?: number | undefined;
  /** About how many bytes one export may have before it is compressed; a single log may exceed it. Default: `1048576`. */
  maxBytes?: number | undefined;
  /** A pino logger, or any object with its four methods; it gets the warnings of the server. Default: silent. */
  logger?: Logger | undefined;
}

export const DEFAULT_SERVICE = 'boundary-log-proxy';

const TEXTS = {
  expected: 'an object of texts',
  accepts: (value: unknown) =>
    isRecord(value) && Object.values(value).every((text) => typeof text === 'string'),
};

export const OTLP_OPTIONS = {
  url: {
    expected:
      'an http or https URL without user, password and fragment, such as http://localhost:4318/v1/logs',
    accepts: (value) => typeof value === 'string' && isUrl(value),
    doc: 'The complete URL that receives the logs, `http` or `https`',
  },
  protocol: {
    ...oneOf('http/protobuf', 'http/json'),
    default: 'http/protobuf' as OtlpProtocol,
    doc: "How log records are encoded: `'http/protobuf'` or `'http/json'`",
  },
  headers: {
    expected: 'an object of texts that HTTP allows as headers',
    accepts: (value) => problemOfHeaders(value) === undefined,
    defaultDoc: 'none',
    makeDefault: (): Readonly<Record<string, string>> => ({}),
    doc: 'Headers of each request, such as the credentials; they never appear in a log or an error',
  },
  timeoutMs: { ...milliseconds({ min: 1 }), default: 10_000, doc: 'How long one export may take, in ms' },
  maxTimeoutMs: {
    ...milliseconds({ min: 1 }),
    default: 300_000,
    doc: 'Upper limit of `timeoutMs`, which doubles after each export that took too long, in ms',
  },
  compression: {
    ...oneOf('gzip', 'none'),
    default: 'none' as const,
    doc: "Whether requests are compressed: `'gzip'` or `'none'`",
  },
  tls: {
    expected: 'an object with ca, cert and key as PEM; cert and key only together',
    accepts: isTls,
    defaultDoc: 'those of Node',
    makeDefault: (): OtlpTls => ({}),
    doc: 'The certificates and the key for `https`: `{ ca, cert, key }`, as PEM',
  },
  resource: {
    ...TEXTS,
    defaultDoc: 'only that',
    makeDefault: (): Readonly<Record<string, string>> => ({}),
    doc: 'Attributes of the resource, which all log records share; `service.name` is `boundary-log-proxy` unless it is among them',
  },
  maxLogs: { ...COALESCE_OPTIONS.maxLogs, doc: 'How many logs one export may contain' },
  maxBytes: {
    ...COALESCE_OPTIONS.maxBytes,
    doc: 'About how many bytes one export may have before it is compressed; a single log may exceed it',
  },
  logger: { ...LOGGER_OPTION, doc: `${LOGGER_OPTION.doc}; it gets the warnings of the server` },
} satisfies OptionTable<OtlpReporterOptions>;

export type ResolvedOtlpOptions = ResolvedOptions<OtlpReporterOptions, typeof OTLP_OPTIONS>;

const OWNER = 'OtlpReporter';

/** @throws ERR_INVALID_OPTION. The error never contains the value of a header, or a key. */
export function resolveOtlpOptions(options: OtlpReporterOptions): ResolvedOtlpOptions {
  if (isRecord(options)) {
    const { url, headers, tls } = options as Partial<OtlpReporterOptions>;
    if (typeof url === 'string' && !isUrl(url)) throw hidden(`${OWNER}: url`, OTLP_OPTIONS.url.expected);
    if (headers !== undefined) checkHeaders(headers, `${OWNER}: headers`);
    if (tls !== undefined && !isTls(tls)) throw hidden(`${OWNER}: tls`, OTLP_OPTIONS.tls.expected);
  }
  const given = resolveOptions(OWNER, options, OTLP_OPTIONS);
  checkArgument(OWNER, 'url', options.url, OTLP_OPTIONS.url);
  checkTls(given.tls);
  return {
    ...given,
    resource: { 'service.name': DEFAULT_SERVICE, ...given.resource },
    logger: guardedLogger(given.logger).logger,
  };
}

/** @throws ERR_INVALID_OPTION for headers that cannot be sent. The error does not contain their values. */
export function checkHeaders(headers: unknown, owner: string): void {
  const problem = problemOfHeaders(headers);
  if (problem !== undefined) throw new BoundaryLogError('ERR_INVALID_OPTION', `${owner}: ${problem}`);
}

/** What this reporter itself says about its requests. */
const OWN_HEADERS = ['content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'connection'];

function problemOfHeaders(headers: unknown): string | undefined {
  if (!TEXTS.accepts(headers)) return `got a value that is not shown here, expected ${TEXTS.expected}`;
  for (const [name, value] of Object.entries(headers as Record<string, string>)) {
    if (!succeeds(() => validateHeaderName(name)))
      return 'got a name that HTTP does not allow (not shown here), expected the name of a header';
    if (!succeeds(() => validateHeaderValue(name, value)))
      return `${name}: got a value with characters that HTTP does not allow (not shown here)`;
    if (OWN_HEADERS.includes(name.toLowerCase()))
      return `${name.toLowerCase()} cannot be set, because the reporter sets it itself`;
  }
  return undefined;
}

function succeeds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

const TLS_NAMES = ['ca', 'cert', 'key'];

function isTls(value: unknown): boolean {
  if (!isRecord(value) || (value.cert === undefined) !== (value.key === undefined)) return false;
  return Object.entries(value).every(
    ([name, pem]) =>
      TLS_NAMES.includes(name) && (pem === undefined || typeof pem === 'string' || Buffer.isBuffer(pem)),
  );
}

function checkTls(tls: OtlpTls): void {
  try {
    // A context accepts an authority that is not one, and trusts nobody then.
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
    createSecureContext(tls);
  } catch (cause) {
    const message = `${OWNER}: tls: the certificates or the key cannot be used: ${messageOf(cause)}`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message, { cause });
  }
}

function hidden(name: string, expected: string): BoundaryLogError {
  const message = `${name}: got a value that is not shown here, expected ${expected}`;
  return new BoundaryLogError('ERR_INVALID_OPTION', message);
}

/** Whether logs can be sent to a URL. A password in it would appear in the arguments or the environment of a process. */
export function isUrl(value: string): boolean {
  const url = parsedUrl(value);
  if (url === undefined) return false;
  const { protocol, username, password, hash } = url;
  return /^https?:$/.test(protocol) && `${username}${password}${hash}` === '';
}
