import type { Logger } from 'pino';
import type { BatchSource } from '../forwarding/batch-source.js';
import type { BoundaryLogProxy } from '../server/proxy.js';
import type { ServeOptions } from './configuration/serve-options.js';
import type { Io } from './io.js';
import { natsOptions, warnAboutSecrets } from './nats.js';

/** How many batches a forwarder buffers, unless `--buffer` says otherwise: what is not here waits in the stream. */
export const SOURCE_BUFFER = 1000;

/**
 * The source of `--source`, if there is one. Only then its code is loaded.
 *
 * @throws ERR_INVALID_OPTION
 */
export async function servedSource(
  options: ServeOptions,
  io: Pick<Io, 'env'>,
  maxBatches: number,
  logger: Logger,
): Promise<BatchSource | undefined> {
  const { source, natsConsumer, bufferBytes } = options;
  if (source === undefined) return undefined;
  warnAboutSecrets(options, logger);
  const { JetStreamSource } = await import('../sources/jetstream/jetstream-source.js');
  return new JetStreamSource({
    ...natsOptions(source, options, io),
    consumer: natsConsumer,
    maxBatches,
    maxBytes: bufferBytes,
    logger,
  });
}

/**
 * Starts the proxy. To connect to a source may take long, and an end does not wait for that.
 *
 * @returns false if the end came first.
 */
export async function startedBefore(
  end: { readonly isReached: boolean; readonly reached: Promise<unknown> },
  proxy: BoundaryLogProxy,
  isForwarder: boolean,
): Promise<boolean> {
  let isStarted = false;
  if (isForwarder) end.reached.then(() => (isStarted ? undefined : proxy.close()));
  try {
    await proxy.start();
    isStarted = true;
    return true;
  } catch (error) {
    if (isForwarder && end.isReached) return false;
    throw error;
  }
}
