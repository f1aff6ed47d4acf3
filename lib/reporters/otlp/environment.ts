import { readFileSync } from 'node:fs';
import { isRecord } from '../../../codec/argument.js';
import { BoundaryLogError } from '../../errors.js';
import { checkArgument, MAX_WAIT_MS } from '../../options.js';
import { parsedUrl } from '../../parsed-url.js';
import { messageOf, token } from '../../printable.js';
import { checkHeaders, isUrl, type OtlpReporterOptions, type OtlpTls } from './options.js';

/** The environment of a process. */
type Environment = Readonly<Record<string, string | undefined>>;

/** What the standard environment variables say. */
export interface OtlpEnvironment {
  /** The options for an `OtlpReporter`. */
  readonly options: OtlpReporterOptions;
  /** What is wrong in the variables and was ignored, as OpenTelemetry demands. */
  readonly warnings: readonly string[];
}

const DEFAULT_ENDPOINT = 'http://localhost:4318';
const LOGS_PATH = 'v1/logs';

/** A variable that is set. */
interface Variable {
  readonly name: string;
  readonly value: string;
}

/**
 * The options of an `OtlpReporter` that the standard variables of OpenTelemetry contain: `OTEL_EXPORTER_OTLP_*`, of which
 * each variant with `LOGS_` takes precedence, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`. An empty variable is not
 * set. Files of certificates are read at once.
 *
 * @param env The variables. Default: those of this process.
 * @throws ERR_INVALID_OPTION for what would send the logs elsewhere, or without credentials: an endpoint that is not a URL,
 *   the protocol `grpc`, headers or files that cannot be used. The error never contains the value of a header.
 */
export function otlpOptionsOf(
  env: Readonly<Record<string, string | undefined>> = process.env,
): OtlpEnvironment {
  checkArgument('otlpOptionsOf', 'env', env, { expected: 'an object of variables', accepts: isRecord });
  const warnings: string[] = [];
  const read = <T>(suffix: string, parse: (variable: Variable, warn: (why: string) => undefined) => T) => {
    const variable = variableOf(env, suffix);
    if (variable === undefined) return undefined;
    return parse(variable, (why) => {
      warnings.push(`${variable.name} is ignored: ${why}`);
    });
  };
  const options: OtlpReporterOptions = {
    url: urlOf(env),
    protocol: read('PROTOCOL', protocolOf),
    headers: read('HEADERS', headersOf),
    timeoutMs: read('TIMEOUT', timeoutOf),
    compression: read('COMPRESSION', compressionOf),
    tls: tlsOf(env),
    resource: resourceOf(env, warnings),
  };
  return { options, warnings };
}

/** The variable for logs, or else the one for all signals. */
function variableOf(env: Environment, suffix: string): Variable | undefined {
  return setIn(env, `OTEL_EXPORTER_OTLP_LOGS_${suffix}`) ?? setIn(env, `OTEL_EXPORTER_OTLP_${suffix}`);
}

function setIn(env: Environment, name: string): Variable | undefined {
  const value = env[name]?.trim();
  return value ? { name, value } : undefined;
}

/** The endpoint for logs is used as it is. The path for logs is added to the other one. */
function urlOf(env: Environment): string {
  const logs = setIn(env, 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT');
  const base = setIn(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const { name, value } = logs ?? base ?? { name: '', value: DEFAULT_ENDPOINT };
  if (!isUrl(value)) {
    const message = `${name}: got a value that is not shown here, expected an http or https URL without user, password and fragment, such as ${DEFAULT_ENDPOINT}`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message);
  }
  const url = parsedUrl(value) as URL;
  if (logs === undefined) url.pathname = `${url.pathname.replace(/\/+$/, '')}/${LOGS_PATH}`;
  return url.href;
}

function protocolOf({ name, value }: Variable, warn: (why: string) => undefined) {
  const protocol = value.toLowerCase();
  if (protocol === 'http/protobuf' || protocol === 'http/json') return protocol;
  if (protocol === 'grpc') {
    const message = `${name}: grpc is not supported: set it to http/protobuf or http/json, and the endpoint to the port for HTTP, usually 4318`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message);
  }
  return warn(`got ${token(value)}, expected http/protobuf or http/json`);
}

function compressionOf({ value }: Variable, warn: (why: string) => undefined) {
  const compression = value.toLowerCase();
  if (compression === 'gzip' || compression === 'none') return compression;
  return warn(`got ${token(value)}, expected gzip or none`);
}

function timeoutOf({ value }: Variable, warn: (why: string) => undefined) {
  const ms = /^\d+$/.test(value) ? Number(value) : 0;
  if (ms >= 1 && ms <= MAX_WAIT_MS) return ms;
  return warn(`got ${token(value)}, expected a whole number of milliseconds from 1 to ${MAX_WAIT_MS}`);
}

/** Without a header that somebody wanted, such as the credentials, every batch would be rejected. So all of them count. */
function headersOf({ name, value }: Variable): Record<string, string> {
  const headers = Object.fromEntries(pairsIn(name, value, 'a header'));
  checkHeaders(headers, name);
  return headers;
}

/** Pairs as in the W3C header `baggage`: `name=value,name=value`, percent-encoded. */
function pairsIn(variable: string, text: string, what: string): [name: string, value: string][] {
  return text
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      try {
        const name = decodeURIComponent(pair.slice(0, at).trim());
        if (at > 0 && name !== '') return [name, decodeURIComponent(pair.slice(at + 1).trim())];
      } catch {
        // It is not percent-encoded.
      }
      const message = `${variable}: got ${what} that is not shown here, expected name=value, separated by commas and percent-encoded, with %25 for a percent sign`;
      throw new BoundaryLogError('ERR_INVALID_OPTION', message);
    });
}

/** If a part of the attributes cannot be read, none of them counts: that is what OpenTelemetry demands. */
function resourceOf(env: Environment, warnings: string[]): Record<string, string> {
  const attributes = setIn(env, 'OTEL_RESOURCE_ATTRIBUTES');
  const service = setIn(env, 'OTEL_SERVICE_NAME');
  let pairs: [string, string][] = [];
  try {
    if (attributes !== undefined) pairs = pairsIn(attributes.name, attributes.value, 'an attribute');
  } catch (error) {
    warnings.push(`OTEL_RESOURCE_ATTRIBUTES is ignored: ${messageOf(error)}`);
  }
  const resource = Object.fromEntries(pairs);
  return service === undefined ? resource : { ...resource, 'service.name': service.value };
}

function tlsOf(env: Environment): OtlpTls {
  const [ca, cert, key] = ['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'].map((suffix) =>
    fileOf(env, suffix),
  );
  if ((cert === undefined) !== (key === undefined)) {
    const names = 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY';
    throw new BoundaryLogError(
      'ERR_INVALID_OPTION',
      `${names}: only one of them is set: set both, or neither`,
    );
  }
  return { ca, cert, key };
}

function fileOf(env: Environment, suffix: string): Buffer | undefined {
  const variable = variableOf(env, suffix);
  if (variable === undefined) return undefined;
  try {
    return readFileSync(variable.value);
  } catch (cause) {
    const message = `${variable.name}: the file cannot be read (${messageOf(cause)}): correct its path or its permissions`;
    throw new BoundaryLogError('ERR_INVALID_OPTION', message, { cause });
  }
}
