/** Receives the log lines of the proxy: a pino logger, or any object with these four methods. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Discards every line. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
