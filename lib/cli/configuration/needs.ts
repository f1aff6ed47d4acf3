import { isIP } from 'node:net';
import { isLoopback } from '../../http/host-check.js';
import { isNatsUrl } from '../../nats/servers.js';

/** What one option needs of another one to have an effect. */
export interface Need {
  /** The other option. */
  readonly option: string;
  /** @param values The values of all options. */
  isMet(value: unknown, values: ReadonlyMap<string, unknown>): boolean;
  /** A value with which it is met, for the advice. None if any value will do. */
  readonly wanted?: string;
}

const needed = (option: string): Need => ({ option, isMet: (value) => value !== undefined });
const equal = (option: string, wanted: string): Need => ({
  ...{ option, wanted },
  isMet: (value) => value === wanted,
});

export const SPOOL = needed('spool');
export const NO_SPOOL: Need = { option: 'spool', isMet: (value) => value === undefined };
export const SOURCE = needed('source');
/** A source takes the place of the socket, keeps what there is no room for, and is shared, so that each proxy sees a part. */
export const NO_SOURCE: Need = { option: 'source', isMet: (value) => value === undefined };
/** With a source, the buffer blocks. Nobody can choose anything else. */
export const BLOCKING_WITH_SOURCE: Need = {
  option: 'source',
  isMet: (value, values) => value === undefined || values.get('overflow') === 'block',
};
export const RECORD = needed('record');
export const REDACT = needed('redact');
/** A recording contains the bytes as they were received, with everything that a redaction removes. */
export const NO_REDACT: Need = { option: 'redact', isMet: (value) => value === undefined };
const reporter = (wanted: string): Need => ({
  ...{ option: 'reporter', wanted },
  isMet: (values) => (values as readonly string[]).includes(wanted),
});
export const CODER = reporter('coder');
/** A reporter whose server may ask for a delay. */
export const SERVER: Need = {
  ...{ option: 'reporter', wanted: 'coder' },
  isMet: (values) => (values as readonly string[]).some((value) => value === 'coder' || value === 'otlp'),
};
export const NATS: Need = {
  ...{ option: 'reporter', wanted: 'nats://HOST:PORT' },
  isMet: (values) => (values as readonly string[]).some(isNatsUrl),
};
/** A server of NATS, to which batches go, or from which they come. */
export const NATS_SERVER: Need = {
  ...NATS,
  isMet: (value, values) => NATS.isMet(value, values) || values.get('source') !== undefined,
};
export const STDOUT = reporter('stdout');
/** A line that was written to stdout cannot be withdrawn, so the proxy waits for a slow reader. */
export const NOT_STDOUT: Need = {
  ...{ option: 'reporter', wanted: 'coder' },
  isMet: (values) => (values as readonly string[]).some((value) => value !== 'stdout'),
};
export const RETRY: Need = { option: 'retry', isMet: (value) => value === true };
export const AUDIT: Need = { option: 'audit', isMet: (value) => value === true };
/** With blocked senders, nobody's batch is dropped. */
export const DROPPING = equal('overflow', 'drop');
/** A server that other machines reach does not check whom a request names. */
export const LOCAL_METRICS: Need = {
  option: 'metrics',
  isMet: (value) => {
    if (value === 'off') return false;
    const { host } = value as { host: string };
    return isIP(host) === 0 || isLoopback(host);
  },
};

/** Not an option: systemd has not passed a socket, whose unit would then say how and where the proxy listens. */
export const CUSTOM_SOCKET: Need = { option: 'socket', isMet: () => true };
