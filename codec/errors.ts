/**
 * The errors of the codec, distinguished by `code`. Match the code, never the message.
 *
 * | code | what happened | what happens next |
 * |---|---|---|
 * | `ERR_UNSUPPORTED_TAG` | a header has a tag that the protocol does not define | the connection is closed |
 * | `ERR_MESSAGE_TOO_LARGE` | a payload is longer than its tag allows | on read the connection is closed; on write nothing is sent |
 * | `ERR_INVALID_PROTOBUF` | a payload is not a valid protobuf message | the frame is skipped |
 * | `ERR_INVALID_UTF8` | a known string field of a payload is not valid UTF-8 | the frame is skipped |
 * | `ERR_INVALID_PAYLOAD` | a custom protocol's `decode` threw | the frame is skipped |
 * | `ERR_TRUNCATED_HEADER` | the stream ended inside a header | the incomplete bytes are dropped |
 * | `ERR_TRUNCATED_PAYLOAD` | the stream ended inside a payload | the incomplete bytes are dropped |
 * | `ERR_INVALID_OPTION` | an option or an argument is unknown, or has a value that is not accepted | nothing is started |
 * | `ERR_INVALID_EVENT` | the value to encode, send or route is not valid | it is skipped; a Demux is destroyed |
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
  | 'ERR_INVALID_EVENT';

/** The only error class of this package: a `code`, a message that says what to do, and the `cause` if there is one. */
export class BoundaryLogError<Code extends string = ErrorCode> extends Error {
  /** The name of the class, as it appears in stack traces. */
  override readonly name = 'BoundaryLogError';
  /** One of a closed list, so a program may `switch` over it. */
  readonly code: Code;

  /**
   * @param code One of the closed list.
   * @param message What happened, and what to do about it.
   * @param options `cause`: the error that led to this one.
   */
  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** What `JSON.stringify()` writes. Of other errors it writes only what is enumerable, and so no message. */
  toJSON(): object {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
