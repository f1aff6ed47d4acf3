import { run } from '../../lib/cli/program.js';
import { world } from './world.js';

/** Runs a command in this process. */
export async function command(args: string[], input: string | Buffer = '', isTTY = false) {
  const { io } = world({ input: Buffer.from(input as string), isTTY });
  const chunks: Buffer[] = [];
  io.stdout.on('data', (chunk) => chunks.push(chunk));
  const code = await run(args, io);
  return { code, bytes: Buffer.concat(chunks), errors: io.stderr.text };
}
