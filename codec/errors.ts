/**
 * Everything that can go wrong here, told apart by `code`. The list is closed: a program may `switch`
 * over it. Match the code, never the message.
 *
 * | code | what happened | what happens next |
 * |---|---|---|
 * | `ERR_UNSUPPORTED_TAG` | a header with a tag that the protocol does not have | the connection is closed |
 * | `ERR_MESSAGE_TOO_LARGE` | a payload longer than its tag allows, read or to be written | read: the connection is closed; to be written: nothing is |
 * | `ERR_INVALID_PROTOBUF` | a payload that is no valid protobuf message | the frame is skipped |
 * | `ERR_INVALID_UTF8` | a payload with a known string field that is not UTF-8 | the frame is skipped |
 * | `ERR_INVALID_PAYLOAD` | a payload that an own protocol's `decode` threw at | the frame is skipped |
 * | `ERR_TRUNCATED_HEADER` | the stream ended inside a header | the bytes are dropped |
 * | `ERR_TRUNCATED_PAYLOAD` | the stream ended inside a payload | the bytes are dropped |
 * | `ERR_INVALID_OPTION` | an option has a value that it does not take | nothing is started |
 * | `ERR_INVALID_EVENT` | an event to be sent that is none | it is not sent, the next one is |
 * | `ERR_SOCKET_IN_USE` | another server answers on the socket | `start()` may be called again |
 * | `ERR_NOT_A_SOCKET` | there is something else than a socket at the socket's path | it is left alone |
 * | `ERR_LISTEN_FAILED` | the socket or the metrics address cannot be listened on | `cause` says why |
 * | `ERR_ADDRESS_IN_USE` | the metrics address is taken | nothing is started |
 * | `ERR_REGISTRY_IN_USE` | the registry carries the metrics of another proxy | give each proxy its own |
 * | `ERR_FORWARDER_RUNNING` | `runForwarder()` while it runs | the one that runs goes on |
 * | `ERR_ROUTE_CLOSED` | a stream that a Demux writes to is gone | the Demux is destroyed |
 * | `ERR_SEND_FAILED` | a batch could not be sent in as many attempts as were allowed | the sender is destroyed |
 * | `ERR_SPOOL_IN_USE` | another process, or another Spool of this one, has the spool folder open | nothing is opened, and nothing changed |
 * | `ERR_SPOOL_FAILED` | the spool's folder cannot be made, read or written (disk full, folder gone); `cause` says why | the call did nothing; the next one tries again |
 * | `ERR_CONNECT_FAILED` | Coder cannot be reached, or is too busy; `cause` says why | the connection is tried again, the batch may be |
 * | `ERR_CONNECTION_LOST` | the connection to Coder, or one call on it, ended before the answer | it is connected anew; the batch may be tried again, and may have been taken |
 * | `ERR_CALL_TIMEOUT` | Coder did not answer a call in time | the call is given up; the batch may be tried again, and may have been taken |
 * | `ERR_PROTOCOL_VIOLATION` | Coder, or whatever is in its place, sent what WebSocket, yamux or DRPC do not allow | the connection or the call is ended, then as for `ERR_CONNECTION_LOST` |
 * | `ERR_CODER_REFUSED` | Coder does not let this configuration in: address, token or version | the batch may be tried again, in minutes; the message says what to mend |
 * | `ERR_CALL_REJECTED` | Coder will never take this batch | the batch is dropped |
 * | `ERR_CLOSED` | a call on what was closed | make a new one |
 */
export type ErrorCode =
  | 'ERR_UNSUPPORTED_TAG'
  | 'ERR_MESSAGE_TOO_LARGE'
  | 'ERR_INVALID_PROTOBUF'
  | 'ERR_INVALID_UTF8'
  | 'ERR_INVALID_PAYLOAD'
  | 'ERR_TRUNCATED_HEADER'
  | 'ERR_TRUNCATED_PAYLOAD'
  | 'ERR_INVALID_OPTION'
  | 'ERR_INVALID_EVENT'
  | 'ERR_SOCKET_IN_USE'
  | 'ERR_NOT_A_SOCKET'
  | 'ERR_LISTEN_FAILED'
  | 'ERR_ADDRESS_IN_USE'
  | 'ERR_REGISTRY_IN_USE'
  | 'ERR_FORWARDER_RUNNING'
  | 'ERR_ROUTE_CLOSED'
  | 'ERR_SEND_FAILED'
  | 'ERR_SPOOL_IN_USE'
  | 'ERR_SPOOL_FAILED'
  | 'ERR_CONNECT_FAILED'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_CALL_TIMEOUT'
  | 'ERR_PROTOCOL_VIOLATION'
  | 'ERR_CODER_REFUSED'
  | 'ERR_CALL_REJECTED'
  | 'ERR_CLOSED';

/** The one class of errors made here: a {@link ErrorCode}, a message that says what to do, the `cause`. */
export class BoundaryLogError extends Error {
  override readonly name = 'BoundaryLogError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
