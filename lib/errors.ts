import { type ErrorCode as CodecErrorCode, BoundaryLogError as CodedError } from '../codec/index.js';

/**
 * Every error code of this package: those of the codec and the following ones. The list is closed, so a program may
 * `switch` over it. Match the code, never the message.
 *
 * | code | what happened | what happens next |
 * |---|---|---|
 * | `ERR_SOCKET_IN_USE` | another server answers on the socket | nothing is started; `start()` may be called again |
 * | `ERR_NOT_A_SOCKET` | a file at the socket's path is not a socket | the file is left alone; nothing is started |
 * | `ERR_LISTEN_FAILED` | the proxy cannot listen on the socket or the metrics address; `cause` says why | nothing is started |
 * | `ERR_ADDRESS_IN_USE` | another program uses the metrics address | nothing is started |
 * | `ERR_REGISTRY_IN_USE` | the registry already contains the metrics of another proxy | nothing is created; use one registry per proxy |
 * | `ERR_FORWARDER_RUNNING` | `runForwarder()` was called while a forwarder runs | the running forwarder continues |
 * | `ERR_ROUTE_CLOSED` | a stream that a Demux writes to was ended or destroyed | the Demux is destroyed |
 * | `ERR_FRAME_TIMEOUT` | a frame that has begun was not complete in time | the connection is closed, and the frame is dropped |
 * | `ERR_SEND_FAILED` | events could not be sent within the allowed attempts, or in time after `end()` | the sender is destroyed; the message says how many events are left |
 * | `ERR_WRITE_TIMEOUT` | a receiver did not read a frame within `writeTimeoutMs`, or `timeoutMs` of a `SocketReporter` | the sender closes the connection, and sends the batch again on a new one |
 * | `ERR_SENDER_FULL` | with `overflow: 'drop'`, a sender has no room for an event | the event is dropped and counted |
 * | `ERR_SPOOL_IN_USE` | another process, or another spool of this process, has the folder open | nothing is opened or changed |
 * | `ERR_SPOOL_FAILED` | the spool's folder cannot be created, read or written; `cause` says why | the call had no effect; the next one tries again |
 * | `ERR_CONNECT_FAILED` | Coder, NATS, the OpenTelemetry server, or the receiver of a `SocketReporter`, cannot be reached or is overloaded, or something else answers; `cause` says why | the reporter reconnects; the batch may be retried |
 * | `ERR_CONNECTION_LOST` | the connection to Coder, NATS or the OpenTelemetry server, or one call on it, ended before the answer arrived; or that to a receiver, before a frame was written | the reporter reconnects; the batch may be retried, and the server may have stored it already |
 * | `ERR_CALL_TIMEOUT` | Coder, NATS or the OpenTelemetry server did not answer a call in time | the call is abandoned; the batch may be retried, and the server may have stored it already |
 * | `ERR_PROTOCOL_VIOLATION` | Coder, the OpenTelemetry server, NATS, or something in its place, sent what its protocols do not allow | the connection or the call is closed, then as for `ERR_CONNECTION_LOST` |
 * | `ERR_CODER_REFUSED` | Coder rejects this configuration, or not yet accepts it: address, token or version | the batch may be retried, seconds or minutes later; the message says what to correct |
 * | `ERR_NATS_REFUSED` | NATS rejects this configuration, or not yet accepts it: credentials, permissions or the stream, which may be full | the batch may be retried, seconds later; the message says what to correct |
 * | `ERR_CALL_REJECTED` | Coder, NATS or the OpenTelemetry server will never accept this batch | the batch is dropped |
 * | `ERR_INVALID_BATCH` | a batch cannot be written as text, be decoded or be published, however often it is tried; `cause` says why | the batch is dropped as `rejected`; `decode` and `spool --export` skip it |
 * | `ERR_REDACTION_FAILED` | the URLs of a batch cannot be redacted | the batch is dropped as `redaction_failed`, and never forwarded |
 * | `ERR_RECORD_FAILED` | the file of a recording cannot be created; `cause` says why | nothing is started |
 * | `ERR_INVALID_CAPTURE` | a capture is damaged, or a record cannot follow those before it | what comes before it can be used; on write the stream fails |
 * | `ERR_TRUNCATED_CAPTURE` | a capture ends without its last record | everything before its end can be used |
 * | `ERR_REPLAY_FAILED` | the receiver of a replay cannot be reached, or has gone | the replay ends |
 * | `ERR_PACKAGE_MISSING` | a package that only this feature needs is not installed | the call fails; the message contains the `npm install` command |
 * | `ERR_CLOSED` | the object was closed before the call | the call fails |
 */
export type ErrorCode =
  | CodecErrorCode
  | 'ERR_SOCKET_IN_USE'
  | 'ERR_NOT_A_SOCKET'
  | 'ERR_LISTEN_FAILED'
  | 'ERR_ADDRESS_IN_USE'
  | 'ERR_REGISTRY_IN_USE'
  | 'ERR_FORWARDER_RUNNING'
  | 'ERR_ROUTE_CLOSED'
  | 'ERR_FRAME_TIMEOUT'
  | 'ERR_SEND_FAILED'
  | 'ERR_WRITE_TIMEOUT'
  | 'ERR_SENDER_FULL'
  | 'ERR_SPOOL_IN_USE'
  | 'ERR_SPOOL_FAILED'
  | 'ERR_CONNECT_FAILED'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_CALL_TIMEOUT'
  | 'ERR_PROTOCOL_VIOLATION'
  | 'ERR_CODER_REFUSED'
  | 'ERR_NATS_REFUSED'
  | 'ERR_CALL_REJECTED'
  | 'ERR_INVALID_BATCH'
  | 'ERR_REDACTION_FAILED'
  | 'ERR_RECORD_FAILED'
  | 'ERR_INVALID_CAPTURE'
  | 'ERR_TRUNCATED_CAPTURE'
  | 'ERR_REPLAY_FAILED'
  | 'ERR_PACKAGE_MISSING'
  | 'ERR_CLOSED';

/** The only error class of this package: an {@link ErrorCode}, a message that says what to do, and the `cause`. */
export type BoundaryLogError = CodedError<ErrorCode>;
/** The codec's class, which here may have any {@link ErrorCode}. */
export const BoundaryLogError: new (
  ...args: ConstructorParameters<typeof CodedError<ErrorCode>>
) => BoundaryLogError = CodedError;
