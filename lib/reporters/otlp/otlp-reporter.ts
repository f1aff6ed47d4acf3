import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { LogBatch } from '../../../codec/index.js';
import type { ReportResult } from '../../batch.js';
import { BoundaryLogError } from '../../errors.js';
import { AttemptTimeout } from '../../forwarding/attempt-timeout.js';
import type { Reporter, ReportOptions } from '../../forwarding/reporter.js';
import { Episode } from '../../telemetry/episode.js';
import { VERSION } from '../../telemetry/version.js';
import { outcomeOf } from './answer.js';
import { ExportQueue } from './export-queue.js';
import { HttpClient } from './http-client.js';
import { type HrTime, type LogRecord, recordsOf, type Shared } from './log-record.js';
import { type OtlpReporterOptions, type ResolvedOtlpOptions, resolveOtlpOptions } from './options.js';
import type { Portion } from './portions.js';
import { loadSerializer, type Serializer } from './serializer.js';

const compress = promisify(gzip);

/** How many bytes a log record has besides the texts of its log, about: names, session, process, and its body. */
const OVERHEAD_BYTES = { 'http/protobuf': 700, 'http/json': 1400 };

/**
 * Reports each event as a log record to an OpenTelemetry Collector, or to anything else that accepts OTLP over HTTP.
 * `docs/opentelemetry.md` contains the mapping.
 *
 * Reports that begin in the same turn of the event loop, or while an export is in progress, become one export, whatever
 * their sessions are: run the Forwarder with `concurrency`, and with `retry: { timeoutMs: Infinity }`, as each export has
 * its own `timeoutMs`. The order of the reports is kept, also by retries.
 *
 * The package `@opentelemetry/otlp-transformer` has to be installed. {@link load} loads it, or else the first report.
 *
 * How a report fails:
 *
 * | what happened | `code` | retries |
 * |---|---|---|
 * | the server is not reachable (refused, reset, DNS, TLS), or answers with 429, 502, 503, 504 or another 5xx, or with a redirect | `ERR_CONNECT_FAILED` | may succeed, after `retryAfterMs` if there is a `Retry-After` |
 * | the connection ended before the answer arrived | `ERR_CONNECTION_LOST` | may succeed; the server may have stored the logs already |
 * | the server did not answer in time | `ERR_CALL_TIMEOUT` | may succeed; as above |
 * | the answer is a success, but not of OTLP | `ERR_PROTOCOL_VIOLATION` | may succeed, once the address is corrected |
 * | the server answered with any other 4xx, or rejected all logs | `ERR_CALL_REJECTED` | are useless: `permanent` is true |
 * | the batch cannot be decoded | `ERR_INVALID_BATCH` | are useless: `permanent` is true |
 * | the package is not installed | `ERR_PACKAGE_MISSING` | fail until it is |
 * | `close()` was called | `ERR_CLOSED` | fail |
 *
 * If the server rejects some of the logs of an export (partial success), the reports succeed with that number: see
 * `ReportResult`.
 */
export class OtlpReporter implements Reporter<LogBatch> {
  /** Tells the Forwarder to retry in order. */
  readonly keepsOrder = true;
  readonly #options: ResolvedOtlpOptions;
  readonly #url: URL;
  readonly #resource: Shared;
  readonly #client: HttpClient;
  readonly #queue: ExportQueue;
  readonly #timeout: AttemptTimeout;
  readonly #warnings: Episode;
  /** When each batch was reported first. */
  readonly #observed = new WeakMap<LogBatch, HrTime>();
  #serializer: Promise<Serializer> | undefined;
  #closed: BoundaryLogError | undefined;

  /** @throws ERR_INVALID_OPTION. The error never contains the value of a header, or a key. */
  constructor(options: OtlpReporterOptions) {
    const resolved = resolveOtlpOptions(options);
    const { url, headers, tls, protocol, maxLogs, maxBytes, timeoutMs, maxTimeoutMs, resource, logger } =
      resolved;
    this.#options = resolved;
    this.#url = new URL(url);
    this.#resource = { attributes: resource };
    const always = { 'user-agent': `boundary-log-proxy/${VERSION}`, ...lowerCase(headers) };
    this.#client = new HttpClient({ url: this.#url, headers: always, tls });
    this.#timeout = new AttemptTimeout(timeoutMs, maxTimeoutMs);
    const limits = { maxLogs, maxBytes, overheadBytes: OVERHEAD_BYTES[protocol] };
    this.#queue = new ExportQueue(limits, (portions, signal) => this.#send(portions, signal));
    this.#warnings = new Episode(logger, {
      started: 'the OpenTelemetry server has accepted logs with a warning',
      continues: 'the OpenTelemetry server still accepts logs with a warning',
      ended: 'the OpenTelemetry server no longer warns',
    });
  }

  /** Loads the packages that it needs. Otherwise the first report does that. @throws ERR_PACKAGE_MISSING */
  async load(): Promise<void> {
    this.#serializer ??= loadSerializer(this.#options.protocol);
    try {
      await this.#serializer;
    } catch (error) {
      this.#serializer = undefined;
      throw error;
    }
  }

  /** Sends the events of a batch, together with those of other reports. */
  report(batch: LogBatch, options: ReportOptions): Promise<ReportResult | undefined> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (!this.#observed.has(batch)) this.#observed.set(batch, now());
    return this.#queue.add(batch, options);
  }

  /** Closes the connection. Reports in progress, and later ones, fail with ERR_CLOSED. */
  close(): void {
    this.#closed ??= new BoundaryLogError('ERR_CLOSED', 'this OtlpReporter is closed: create a new one');
    this.#queue.close(this.#closed);
    this.#client.close();
    this.#warnings.end();
  }

  async #send(portions: readonly Portion[], signal: AbortSignal): Promise<ReportResult> {
    await this.load();
    const serializer = (await this.#serializer) as Serializer;
    const records = portions.flatMap((portion) => this.#recordsOf(portion));
    if (records.length === 0) return { rejectedLogs: 0 };
    const plain = serializer.serialize(records);
    const isGzip = this.#options.compression === 'gzip';
    const body = isGzip ? await compress(plain) : plain;
    const headers = {
      'content-type': serializer.contentType,
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    };
    const { ms: timeoutMs } = this.#timeout;
    const succeeded = this.#timeout.begin();
    try {
      const answer = await this.#client.post(body, headers, { timeoutMs, signal });
      succeeded();
      return outcomeOf(answer, this.#asked(records.length), serializer);
    } catch (error) {
      if ((error as BoundaryLogError).code === 'ERR_CALL_TIMEOUT') this.#timeout.exceeded(timeoutMs);
      throw error;
    }
  }

  #recordsOf({ batch, of }: Portion): LogRecord[] {
    return recordsOf(batch, this.#observed.get(of) ?? now(), this.#resource);
  }

  #asked(records: number) {
    return {
      ...{ url: this.#url, records },
      hide: (text: string) => hidden(text, this.#options.headers),
      onWarning: (message: string) => this.#warnings.happened({ exports: 1 }, { message }, message),
    };
  }
}

function now(): HrTime {
  const ms = Date.now();
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** A text that is shorter is not a secret, or is found everywhere. A part of a value stands behind a word like `Bearer`. */
const MIN_SECRET_LENGTH = 4;
const MIN_PART_LENGTH = 8;

/** A text without the values of the headers, which a server may repeat. The longest first: one may be a part of another. */
function hidden(text: string, headers: Readonly<Record<string, string>>): string {
  const values = Object.values(headers).filter(({ length }) => length >= MIN_SECRET_LENGTH);
  const parts = values
    .flatMap((value) => value.split(/\s+/))
    .filter(({ length }) => length >= MIN_PART_LENGTH);
  const secrets = [...values, ...parts].sort((a, b) => b.length - a.length);
  return secrets.reduce((text, value) => text.replaceAll(value, '[header]'), text);
}
