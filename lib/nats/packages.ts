import { optionalPackages } from '../optional-packages.js';

/** What has to be installed to use NATS, with the ranges of this package's peer dependencies. */
export const NATS_PACKAGES = ['@nats-io/jetstream@^3.4.0', '@nats-io/transport-node@^3.4.0'] as const;

export interface NatsPackages {
  readonly jetstream: typeof import('@nats-io/jetstream');
  readonly transport: typeof import('@nats-io/transport-node');
}

async function load(): Promise<NatsPackages> {
  const [jetstream, transport] = await Promise.all([
    import('@nats-io/jetstream'),
    import('@nats-io/transport-node'),
  ]);
  return { jetstream, transport };
}

/**
 * Loads the client of NATS.
 *
 * @throws ERR_PACKAGE_MISSING if it is not installed.
 */
export function natsPackages(): Promise<NatsPackages> {
  return optionalPackages('NATS', NATS_PACKAGES, load);
}
