import { ReportBoundaryLogsRequest } from '../../codec/messages.js';
import { type AgentServer, TOKEN } from './agent-server.js';
import type { Running } from './processes.js';

/** An environment without the HTTP proxies of the machine, and without the variables of another Coder workspace. */
const PLAIN = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']
    .flatMap((name) => [name, name.toLowerCase()])
    .map((name) => [name, '']),
);

/** The environment of a `serve --reporter coder` for a server. */
export const coderEnv = ({ url }: AgentServer) => ({
  ...PLAIN,
  CODER_AGENT_URL: url,
  CODER_AGENT_TOKEN: TOKEN,
});

/** The sequence numbers of all events that a server has received, call by call. */
export function numbersByCall({ calls }: AgentServer): number[][] {
  return calls.map(({ request }) =>
    ReportBoundaryLogsRequest.decode(request).logs.map(({ sequenceNumber }) => sequenceNumber ?? 0),
  );
}

/** The messages of the warnings and errors in the log of a `serve`. */
export function complaintsIn({ stderr }: Pick<Running, 'stderr'>): string[] {
  const lines = stderr().split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as { level: number; msg: string })
    .filter(({ level }) => level >= 40)
    .map(({ msg }) => msg);
}
