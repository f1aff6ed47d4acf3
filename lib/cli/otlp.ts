import type { Logger } from '../logger.js';
import { MAX_WAIT_MS } from '../options.js';
import { shownUrl } from '../reporters/http-answer.js';
import { otlpOptionsOf } from '../reporters/otlp/environment.js';
import { OTLP_OPTIONS } from '../reporters/otlp/options.js';
import { OtlpReporter } from '../reporters/otlp/otlp-reporter.js';
import type { ServeOptions } from './configuration/serve-options.js';
import type { Io } from './io.js';

/**
 * @throws ERR_INVALID_OPTION for variables that cannot be used.
 * @throws ERR_PACKAGE_MISSING
 */
export async function otlpReporter(
  { reportTimeout, reportMaxTimeout }: Pick<ServeOptions, 'reportTimeout' | 'reportMaxTimeout'>,
  { env }: Pick<Io, 'env'>,
  logger: Logger,
): Promise<OtlpReporter> {
  const { options } = otlpOptionsOf(env);
  const timeoutMs = options.timeoutMs ?? inMs(reportTimeout);
  const maxTimeoutMs = Math.max(timeoutMs, inMs(reportMaxTimeout));
  const reporter = new OtlpReporter({ ...options, timeoutMs, maxTimeoutMs, logger });
  await reporter.load();
  const { protocol = OTLP_OPTIONS.protocol.default, compression = OTLP_OPTIONS.compression.default } =
    options;
  logger.info({ url: shownUrl(new URL(options.url)), protocol, compression }, 'forwarding to OpenTelemetry');
  return reporter;
}

function inMs(seconds: number): number {
  return Math.min(seconds * 1000, MAX_WAIT_MS);
}
