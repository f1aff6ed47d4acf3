import { optionalPackages } from '../../optional-packages.js';
import type { LogRecord } from './log-record.js';
import type { OtlpProtocol } from './options.js';

/** What is needed of the official serializers for a protocol. */
export interface Serializer {
  readonly contentType: string;
  /** The body of a request. */
  serialize(records: readonly LogRecord[]): Uint8Array;
  /** The protobuf response of a server. @throws if it is not one. */
  deserialize(body: Uint8Array): unknown;
}

/** The packages, with the ranges of the peer dependencies. */
export const PACKAGES = ['@opentelemetry/otlp-transformer@^0.223.1'];

/** @throws ERR_PACKAGE_MISSING */
export async function loadSerializer(protocol: OtlpProtocol): Promise<Serializer> {
  const { JsonLogsSerializer, ProtobufLogsSerializer } = await optionalPackages(
    'the reporter for OpenTelemetry',
    PACKAGES,
    () => import('@opentelemetry/otlp-transformer'),
  );
  const isJson = protocol === 'http/json';
  const official = isJson ? JsonLogsSerializer : ProtobufLogsSerializer;
  return {
    contentType: isJson ? 'application/json' : 'application/x-protobuf',
    // Its types ask for more of a resource than it reads.
    serialize: (records) => official.serializeRequest(records as never) as Uint8Array,
    // The one for JSON takes a body that is not JSON for a success.
    deserialize: (body) => ProtobufLogsSerializer.deserializeResponse(body),
  };
}
