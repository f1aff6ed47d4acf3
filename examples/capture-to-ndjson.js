// Converts a captured byte stream to newline-delimited JSON: one line per event on stdout. Everything else goes to
// stderr. If the capture cannot be read to its end, the exit code is 1. The custom transform is a plain function.
//   node examples/capture-to-ndjson.js capture.bin > events.ndjson
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { FrameParser, formatBatch, MessageDecoder } from 'boundary-log-proxy';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: capture-to-ndjson.js FILE');

/** @param {AsyncIterable<import('boundary-log-proxy').Outcome>} outcomes */
async function* toLines(outcomes) {
  for await (const outcome of outcomes) {
    switch (outcome.kind) {
      case 'logs':
        yield formatBatch(outcome, 'json');
        break;
      case 'skip':
      case 'close':
        console.error(outcome.kind, outcome.error.code);
        if (outcome.kind === 'close') process.exitCode = 1;
        break;
      default:
        console.error(outcome);
    }
  }
}

await pipeline(createReadStream(file), new FrameParser(), new MessageDecoder(), toLines, process.stdout);
