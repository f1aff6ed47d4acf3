// A proxy without a terminal starts sooner without it.
export { prettyFactory } from 'pino-pretty';
