import { messageOf } from '../../printable.js';
import { otlpOptionsOf } from '../../reporters/otlp/environment.js';
import { resolveOtlpOptions } from '../../reporters/otlp/options.js';
import type { Io } from '../io.js';

/** Checks the variables of the reporter `otlp`. @returns one message for each problem, and what is ignored. */
export function readOtlpVariables(env: Io['env']): {
  problems: readonly string[];
  warnings: readonly string[];
} {
  try {
    const { options, warnings } = otlpOptionsOf(env);
    resolveOtlpOptions(options);
    return { problems: [], warnings };
  } catch (error) {
    return { problems: [messageOf(error)], warnings: [] };
  }
}
