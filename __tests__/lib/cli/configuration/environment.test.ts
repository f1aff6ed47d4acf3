import { describe, expect, test } from '@jest/globals';
import { OF_KUBERNETES, readEnvironment } from '../../../../lib/cli/configuration/environment.js';
import { PREFIX, variableOf } from '../../../../lib/cli/configuration/row.js';
import { SERVE_OPTIONS } from '../../../../lib/cli/configuration/serve-options.js';

const read = (env: Record<string, string>) => readEnvironment(env, SERVE_OPTIONS);

test.each<[Record<string, string>, [name: string, ...texts: string[]][]]>([
  [{}, []],
  [{ BOUNDARY_LOG_PROXY_BUFFER: '5' }, [['BOUNDARY_LOG_PROXY_BUFFER', '5']]],
  [{ BOUNDARY_LOG_PROXY_BUFFER: '' }, [['BOUNDARY_LOG_PROXY_BUFFER', '']]],
  [{ BOUNDARY_LOG_PROXY_SPOOL_MAX_BYTES: '1GiB' }, [['BOUNDARY_LOG_PROXY_SPOOL_MAX_BYTES', '1GiB']]],
  [{ BOUNDARY_LOG_PROXY_RETRY: 'false' }, [['BOUNDARY_LOG_PROXY_RETRY', 'false']]],
  [{ BOUNDARY_LOG_PROXY_ALLOW_HOST: 'a, b' }, [['BOUNDARY_LOG_PROXY_ALLOW_HOST', 'a', 'b']]],
  [{ CODER_AGENT_URL: 'https://c' }, [['CODER_AGENT_URL', 'https://c']]],
  [{ CODER_AGENT_URL: '' }, []],
  // The stronger one comes last.
  [
    { BOUNDARY_LOG_PROXY_SOCKET: '/a', CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH: '/b' },
    [
      ['CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH', '/b'],
      ['BOUNDARY_LOG_PROXY_SOCKET', '/a'],
    ],
  ],
  [{ BOUNDARY_LOG_PROXY_CONFIG: '/x', HOME: '/', BUFFER: '5', boundary_log_proxy_buffer: '5' }, []],
])('%j', (env, expected) => {
  const { entries, warnings } = read(env);
  expect(entries.map(({ name, texts }) => [name, ...texts])).toEqual(expected);
  expect(warnings).toEqual([]);
});

/** What Kubernetes sets for a Service with two ports. https://kubernetes.io/docs/concepts/services-networking/service */
function variablesOf(service: string): Record<string, string> {
  const name = service.toUpperCase().replaceAll('-', '_');
  const port = (number: number, protocol: string) => ({
    [`${name}_PORT_${number}_${protocol}`]: `${protocol.toLowerCase()}://10.0.0.1:${number}`,
    [`${name}_PORT_${number}_${protocol}_PROTO`]: protocol.toLowerCase(),
    [`${name}_PORT_${number}_${protocol}_PORT`]: String(number),
    [`${name}_PORT_${number}_${protocol}_ADDR`]: '10.0.0.1',
  });
  return {
    [`${name}_SERVICE_HOST`]: '10.0.0.1',
    [`${name}_SERVICE_PORT`]: '9465',
    [`${name}_SERVICE_PORT_METRICS`]: '9465',
    [`${name}_PORT`]: 'tcp://10.0.0.1:9465',
    ...port(9465, 'TCP'),
    ...port(53, 'UDP'),
  };
}

describe.each([
  'boundary-log-proxy',
  // A Service may also have the name of an option behind that.
  ...Object.keys(SERVE_OPTIONS).map((option) => variableOf(option).toLowerCase().replaceAll('_', '-')),
])('the variables of a Service with the name %s', (service) => {
  test('set no option, and each is one warning that explains it', () => {
    const env = variablesOf(service);
    const { entries, warnings } = read(env);
    expect(entries).toEqual([]);
    expect(warnings).toHaveLength(Object.keys(env).length);
    for (const warning of warnings)
      expect(warning).toMatch(/^BOUNDARY_\w+ is not an option; Kubernetes sets it/);
  });
});

test('no option has a name that Kubernetes could give to a variable', () => {
  for (const option of Object.keys(SERVE_OPTIONS))
    expect(variableOf(option).slice(PREFIX.length)).not.toMatch(OF_KUBERNETES);
});

test.each([
  [
    'BOUNDARY_LOG_PROXY_SPOLL',
    'unknown variable BOUNDARY_LOG_PROXY_SPOLL: did you mean BOUNDARY_LOG_PROXY_SPOOL?',
  ],
  [
    'BOUNDARY_LOG_PROXY_NO_RETRY',
    'unknown variable BOUNDARY_LOG_PROXY_NO_RETRY: did you mean BOUNDARY_LOG_PROXY_RETRY?',
  ],
  ['BOUNDARY_LOG_PROXY_', 'unknown variable BOUNDARY_LOG_PROXY_'],
  ['BOUNDARY_LOG_PROXY_GRACE', 'BOUNDARY_LOG_PROXY_GRACE has no effect: set grace in the file of --config'],
])('%s is only a warning', (name, warning) => {
  const { entries, warnings } = read({ [name]: 'secret' });
  expect(entries).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining(warning)]);
  expect(warnings.join()).not.toContain('secret');
});
