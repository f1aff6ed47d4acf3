import { ReportBoundaryLogsRequest } from '../../codec/messages.js';
import { type AgentServer, TOKEN } from './agent-server.js';

/** An environment without the HTTP proxies of the machine, and without the variables of a Coder workspace. */
export const PLAIN = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']
    .flatMap((name) => [name, name.toLowerCase()])
    .concat('CODER_AGENT_URL', 'CODER_AGENT_TOKEN', 'CODER_AGENT_TOKEN_FILE')
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
