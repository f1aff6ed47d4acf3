/** Receives the log lines of the proxy: a pino logger, or any object with these four methods. */
export interface Logger {
  /** Details that help to find a fault. */
  debug(fields: object, message: string): void;
  /** What the proxy does in normal operation. */
  info(fields: object, message: string): void;
  /** What somebody should look at soon. */
  warn(fields: object, message: string): void;
  /** What somebody has to repair. */
  error(fields: object, message: string): void;
}

/** Discards every line. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
