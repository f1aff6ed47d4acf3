import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterEach } from '@jest/globals';
import protobuf from 'protobufjs';

/** The part of OTLP's schema that log records use, written from its documentation. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
  message Scope { string name = 1; string version = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1;
    int32 severity_number = 2;
    string severity_text = 3;
    AnyValue body = 5;
    repeated KeyValue attributes = 6;
    uint32 dropped_attributes_count = 7;
    fixed64 observed_time_unix_nano = 11;
    string event_name = 12;
  }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message ExportLogsServiceResponse { PartialSuccess partial_success = 1; }
  message PartialSuccess { int64 rejected_log_records = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }
`);

/** A log record, the same for both encodings. */
export interface ReceivedRecord {
  readonly eventName: string;
  /** In nanoseconds. */
  readonly time: bigint;
  readonly observed: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** A request, decoded. */
export interface ReceivedExport {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly resource: Readonly<Record<string, string | number>>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly records: readonly ReceivedRecord[];
}

/** Answers a request. */
export type Script = (response: ServerResponse, received: ReceivedExport) => void;

interface Value {
  readonly stringValue?: string;
  readonly intValue?: string | number;
}
type Attributes = readonly { readonly key: string; readonly value: Value }[];

const plain = ({ stringValue, intValue }: Value) => stringValue ?? Number(intValue);
const record = (attributes: Attributes = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));

/** Decodes the body of a request in either encoding, which have the same names in JSON. */
export function decodeExport(type: string | undefined, body: Buffer) {
  const message = root.lookupType('ExportLogsServiceRequest');
  const json =
    type === 'application/json'
      ? JSON.parse(body.toString())
      : message.toObject(message.decode(body), { longs: String });
  const [resourceLogs, ...others] = json.resourceLogs;
  const [scopeLogs, ...moreScopes] = resourceLogs.scopeLogs;
  if (others.length + moreScopes.length > 0) throw new Error('more than one resource or scope');
  const records = scopeLogs.logRecords.map(
    (log: Record<string, unknown>): ReceivedRecord => ({
      eventName: String(log.eventName ?? ''),
      time: BigInt(String(log.timeUnixNano ?? 0)),
      observed: BigInt(String(log.observedTimeUnixNano ?? 0)),
      severityNumber: Number(log.severityNumber ?? 0),
      severityText: String(log.severityText ?? ''),
      body: String(plain((log.body ?? {}) as Value)),
      attributes: record(log.attributes as Attributes),
    }),
  );
  return { resource: record(resourceLogs.resource.attributes), scope: scopeLogs.scope, records };
}

/** A response of OTLP in protobuf. */
export function encodeResponse(name: 'ExportLogsServiceResponse' | 'Status', value: object): Buffer {
  const type = root.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

/** Accepts everything. */
export const accept: Script = (response) => {
  response.setHeader('content-type', 'application/x-protobuf');
  response.end();
};

/** An OTLP server that answers as its scripts say: each request has the next one, and the last one is repeated. */
export class OtlpServer {
  readonly exports: ReceivedExport[] = [];
  scripts: Script[] = [accept];
  /** How many connections there were. */
  connections = 0;
  readonly #server: Server;
  readonly #scheme: string;
  #port = 0;

  constructor(tls?: TlsOptions) {
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer() : createTlsServer(tls);
    this.#server.on('connection', () => {
      this.connections += 1;
    });
    this.#server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const sent = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const decoded = decodeExport(request.headers['content-type'], body);
      const received = { path: request.url ?? '', headers: request.headers, bytes: sent.length, ...decoded };
      this.exports.push(received);
      const script = this.scripts.length > 1 ? this.scripts.shift() : this.scripts[0];
      script?.(response, received);
    });
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}/v1/logs`;
  }

  get endpoint(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Everything that was accepted or not, in order. */
  get records(): readonly ReceivedRecord[] {
    return this.exports.flatMap(({ records }) => records);
  }

  /** The sequence numbers of each export. */
  get numbers(): readonly number[][] {
    return this.exports.map(({ records }) =>
      records.map(({ attributes }) => Number(attributes['boundary.sequence_number'])),
    );
  }

  /** Listens, on the same port as before. */
  async listen(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Ends all connections and refuses new ones. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Ends the connections that are open, as a server does that does not want to wait. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }
}

/** Starts servers, which are closed after each test. */
export function otlpServers(): (...scripts: Script[]) => Promise<OtlpServer> {
  const servers: OtlpServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  return async (...scripts) => {
    const server = new OtlpServer();
    if (scripts.length > 0) server.scripts = scripts;
    servers.push(server);
    return server.listen();
  };
}
