/** Keys of the fields that are known, by their message: in octal, the field number and then the wire type. */

/** Of a ReportBoundaryLogsRequest. */
export const LOGS: u8 = 0o12;
export const SESSION_ID: u8 = 0o22;
export const PROCESS_NAME: u8 = 0o32;

/** Of a BoundaryLog. */
export const ALLOWED: u8 = 0o10;
export const TIME: u8 = 0o22;
export const HTTP_REQUEST: u8 = 0o32;
export const SEQUENCE_NUMBER: u8 = 0o40;

/** Of a Timestamp. */
export const SECONDS: u8 = 0o10;
export const NANOS: u8 = 0o20;

/** Of an HttpRequest. */
export const METHOD: u8 = 0o12;
export const URL: u8 = 0o22;
export const MATCHED_RULE: u8 = 0o32;
