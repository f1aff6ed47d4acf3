import { Option } from 'commander';
import { invalidOption } from '../options.js';
import { REDACT_OPTIONS, type RedactOptions } from '../redaction/redact-options.js';
import { choice } from './arguments.js';

/** The options of `serve` for the redaction of URLs. */
export interface RedactionOptions {
  redact: 'query' | undefined;
  redactKeep: readonly string[] | undefined;
  redactPattern: string | undefined;
}

export function redactionFlags(): [what: Option, keep: Option, pattern: Option] {
  return [
    new Option(
      '--redact <what>',
      'what to remove from URLs before they are shown, stored or forwarded: query, which is the values of parameters, and credentials',
    )
      .argParser(choice('--redact', 'query'))
      .conflicts('record'),
    new Option(
      '--redact-keep <names>',
      'parameters whose values --redact does not remove, separated by commas',
    ).argParser((value) => value.split(',')),
    new Option('--redact-pattern <regex>', 'what else --redact removes from URLs, in the syntax of RE2'),
  ];
}

/** @throws ERR_INVALID_OPTION for an option that would have no effect: somebody relies on it. */
export function redaction({
  redact,
  redactKeep: keep,
  redactPattern: pattern,
}: RedactionOptions): RedactOptions | undefined {
  if (redact !== undefined) {
    if (keep !== undefined && !REDACT_OPTIONS.keep.accepts(keep))
      throw invalidOption(
        '--redact-keep',
        keep.join(),
        'names separated by commas, without spaces and any of #&/:;=?@\\',
      );
    return { keep, pattern };
  }
  if (keep !== undefined)
    throw invalidOption('--redact-keep', keep.join(), 'it together with --redact query');
  if (pattern !== undefined)
    throw invalidOption('--redact-pattern', pattern, 'it together with --redact query');
  return undefined;
}
