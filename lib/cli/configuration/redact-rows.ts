import { patternCheck, patternError } from '../../redaction/pattern.js';
import { REDACT_OPTIONS } from '../../redaction/redact-options.js';
import { names, oneOf, text } from './kinds.js';
import { REDACT } from './needs.js';
import type { Table } from './row.js';

const { expected, accepts } = patternCheck;

/** What is removed from URLs. */
export const REDACT_ROWS = {
  redact: {
    kind: oneOf('query'),
    takes: 'what',
    doc: 'what to remove from URLs before they are shown, stored or forwarded: query, which is the values of parameters, and credentials',
  },
  redactKeep: {
    kind: names(REDACT_OPTIONS.keep),
    takes: 'names',
    doc: 'parameters whose values --redact does not remove, separated by commas',
    needs: [REDACT],
  },
  redactPattern: {
    kind: text({
      expected,
      accepts: (value) => accepts(value) && patternError(value as string) === undefined,
    }),
    takes: 'regex',
    doc: 'what else --redact removes from URLs, in the syntax of RE2',
    needs: [REDACT],
  },
} as const satisfies Table;
