import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { blocksOf } from './helpers/code-blocks.js';
import { command } from './helpers/command.js';
import { tempPaths } from './helpers/temp.js';

/* The commands of docs/rules.md print what the page shows. */

const path = tempPaths();
const blocks = blocksOf('docs/rules.md');
const events = blocks.find(({ language }) => language === 'json')?.code as string;

test.each(
  blocks
    .filter(({ language }) => language === 'console')
    .map(({ code }) => {
      const [first = '', ...output] = code.split('\n');
      return [first, output.join('\n')] as const;
    }),
)('%s', async (line, output) => {
  const file = path();
  writeFileSync(file, events);
  const print = ['-c', `printf '%s\\n' ${line.replace('$ boundary-log-proxy ', '')}`];
  const args = execFileSync('sh', print, { encoding: 'utf8' }).split('\n').slice(0, -1);
  const { bytes, errors } = await command(args.map((arg) => (arg === 'events.ndjson' ? file : arg)));
  expect(bytes.toString() + errors).toBe(output);
});
