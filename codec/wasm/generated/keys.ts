// Made by `npm run generate` from proto/. Do not edit.
/** In octal, the last digit is the wire type, those before it are the field number. */

export const TIMESTAMP_SECONDS: u8 = 0o10;
export const TIMESTAMP_NANOS: u8 = 0o20;
export const HTTP_REQUEST_METHOD: u8 = 0o12;
export const HTTP_REQUEST_URL: u8 = 0o22;
export const HTTP_REQUEST_MATCHED_RULE: u8 = 0o32;
export const BOUNDARY_LOG_ALLOWED: u8 = 0o10;
export const BOUNDARY_LOG_TIME: u8 = 0o22;
export const BOUNDARY_LOG_HTTP_REQUEST: u8 = 0o32;
export const BOUNDARY_LOG_SEQUENCE_NUMBER: u8 = 0o40;
export const REPORT_BOUNDARY_LOGS_REQUEST_LOGS: u8 = 0o12;
export const REPORT_BOUNDARY_LOGS_REQUEST_SESSION_ID: u8 = 0o22;
export const REPORT_BOUNDARY_LOGS_REQUEST_CONFINED_PROCESS_NAME: u8 = 0o32;
export const BOUNDARY_STATUS_DROPPED_CHANNEL_FULL: u8 = 0o10;
export const BOUNDARY_STATUS_DROPPED_BATCH_FULL: u8 = 0o20;
export const BOUNDARY_MESSAGE_LOGS: u8 = 0o12;
export const BOUNDARY_MESSAGE_STATUS: u8 = 0o22;
