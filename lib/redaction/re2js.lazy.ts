// Only a redaction with a pattern loads it.
export { RE2JS } from 're2js';
