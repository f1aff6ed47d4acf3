import { join } from 'node:path';

/** The environment variable that boundary and the reference read the socket's path from. */
export const SOCKET_PATH_ENV = 'CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH';

/** Where boundary looks for the socket when it is told nothing: `boundary-audit.sock` in `$TMPDIR`, else `/tmp`. */
export function defaultSocketPath(): string {
  return join(process.env.TMPDIR || '/tmp', 'boundary-audit.sock');
}
