import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { ROOT } from './helpers/code-blocks.js';

test('the API reference can be generated: every public name is documented, and no link is dead', async () => {
  // `npm run docs` treats each finding as an error, such as "X does not have any documentation".
  const generate = promisify(execFile)('npm', ['run', '-s', 'docs', '--', '--emit', 'none'], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const { stdout, stderr } = await generate.catch((error) => error);
  expect(`${stdout}${stderr}`).toBe('');
  expect(generate.child.exitCode).toBe(0);
}, 60_000);
