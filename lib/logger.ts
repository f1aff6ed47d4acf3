/** Receives the log lines of the proxy: a pino logger, or any object with these four methods. */
export interface Logger {
  /** Details that help to find a fault. */
  debug(fields: object, message: string): void;
  /** Normal operation. */
  info(fields: object, message: string): void;
  /** Problems that somebody should look at soon. */
  warn(fields: object, message: string): void;
  /** Failures that somebody has to fix. */
  error(fields: object, message: string): void;
}

/** Discards every line. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A logger that adds fields to each line of another one. */
export function withFields(logger: Logger, fields: object): Logger {
  return {
    debug: (more, message) => logger.debug({ ...fields, ...more }, message),
    info: (more, message) => logger.info({ ...fields, ...more }, message),
    warn: (more, message) => logger.warn({ ...fields, ...more }, message),
    error: (more, message) => logger.error({ ...fields, ...more }, message),
  };
}
