/**
 * The fields of an event as text shows them, in this order. This is the only place where their names and their
 * order are declared. `npm run generate` makes all code that writes or reads events from it. It fails if a field
 * of `proto/` has no entry here, or if an entry has no field.
 *
 * - `field`: the path of the field from `ReportBoundaryLogsRequest`, in the names of `proto/`.
 * - `name`: its name in text. With `null`, text shows neither the field nor anything inside it.
 * - `doc`: its doc comment in `BoundaryEvent`.
 * - `as: 'decision'`: a bool is written as `allow` or `deny`. Otherwise the type in `proto/` decides.
 * - `with`: the `name` of a string. If text shows that string, it shows a 0 of this field as well.
 *
 * A field that has the default value of its type is left out, unless it is a decision.
 *
 * @type {readonly import('./text.js').Entry[]}
 */
export const TEXT_FIELDS = [
  { field: 'logs.allowed', name: 'decision', as: 'decision', doc: 'Whether boundary allowed the request.' },
  { field: 'session_id', name: 'session_id', doc: 'UUID of one run of boundary.' },
  {
    field: 'logs.sequence_number',
    name: 'sequence_number',
    doc: 'Counts from 0 in each session. Senders without a session do not number their events.',
    with: 'session_id',
  },
  { field: 'confined_process_name', name: 'confined_process_name', doc: 'The jailed command.' },
  { field: 'logs.http_request.method', name: 'http_method', doc: 'The method of the request.' },
  {
    field: 'logs.http_request.url',
    name: 'http_url',
    doc: 'The complete URL of the request, with its query.',
  },
  { field: 'logs.time', name: 'event_time', doc: 'RFC 3339, with up to nine digits of a second.' },
  {
    field: 'logs.http_request.matched_rule',
    name: 'matched_rule',
    doc: 'The rule that allowed the request.',
  },
];

/** The `msg` of each line of text. */
export const MESSAGE = 'boundary_request';

/** The other fields of `proto/`, each with the hand-written file that reads it. */
export const READ_BY_HAND = {
  'BoundaryMessage.logs': 'codec/message.ts',
  'BoundaryMessage.status': 'codec/message.ts',
  'BoundaryStatus.dropped_channel_full': 'codec/message.ts',
  'BoundaryStatus.dropped_batch_full': 'codec/message.ts',
  'Timestamp.seconds': 'lib/text/wasm/time.ts',
  'Timestamp.nanos': 'lib/text/wasm/time.ts',
};
