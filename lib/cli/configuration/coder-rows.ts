import { CODER_OPTIONS } from '../../reporters/coder/options.js';
import { TOKEN_ENV, TOKEN_FILE_ENV } from '../agent-token.js';
import { path, seconds, toggle, url } from './kinds.js';
import { CODER } from './needs.js';
import { helpOf, type Table } from './row.js';

/** The options of the reporter for Coder. */
export const CODER_ROWS = {
  coderUrl: {
    kind: url(CODER_OPTIONS.url),
    takes: 'url',
    doc: 'URL of the Coder deployment',
    needs: [CODER],
    sharedVariable: 'CODER_AGENT_URL',
  },
  coderTokenFile: {
    kind: path(),
    takes: 'path',
    doc: 'file that contains the agent token; read for each new connection',
    needs: [CODER],
    overriddenBy: [TOKEN_ENV, TOKEN_FILE_ENV],
  },
  coderAllowOld: {
    kind: toggle,
    default: CODER_OPTIONS.allowOldServer.default,
    doc: helpOf(CODER_OPTIONS.allowOldServer),
    needs: [CODER],
  },
  coderConnectTimeout: {
    kind: seconds(CODER_OPTIONS.connectTimeoutMs),
    default: CODER_OPTIONS.connectTimeoutMs.default / 1000,
    doc: 'how many seconds it may take to connect',
    needs: [CODER],
    isFileOnly: true,
  },
  coderReconnectDelay: {
    kind: seconds(CODER_OPTIONS.reconnectInitialDelayMs),
    default: CODER_OPTIONS.reconnectInitialDelayMs.default / 1000,
    doc: 'longest delay before the first attempt to reconnect, in seconds; each delay is random, and its longest value doubles',
    needs: [CODER],
    isFileOnly: true,
  },
  coderReconnectMaxDelay: {
    kind: seconds(CODER_OPTIONS.reconnectMaxDelayMs),
    default: CODER_OPTIONS.reconnectMaxDelayMs.default / 1000,
    doc: 'upper limit of the longest delay, in seconds',
    needs: [CODER],
    isFileOnly: true,
  },
  coderKeepAlive: {
    kind: seconds(CODER_OPTIONS.keepAliveMs),
    default: CODER_OPTIONS.keepAliveMs.default / 1000,
    doc: 'how often the reporter pings Coder, in seconds; Coder has 10 s to answer',
    needs: [CODER],
    isFileOnly: true,
  },
} as const satisfies Table;
