import { expect, test } from '@jest/globals';
import { instantiate } from '../../../codec/web-assembly.js';
import { logLines } from '../../helpers/log-lines.js';
import { proxies } from '../../helpers/proxies.js';

const makeProxy = proxies();
const enabled = async (proxy: ReturnType<typeof makeProxy>) =>
  (await proxy.registry.metrics()).match(/^agent_boundary_log_proxy_wasm_enabled (\d)$/m)?.[1];

test('while WebAssembly is available: no warning, and the metric is 1', async () => {
  const logger = logLines();
  const proxy = makeProxy({ logger });
  await proxy.start();
  expect(logger.lines.map(({ level, message }) => [level, message])).toEqual([['info', 'listening']]);
  expect(await enabled(proxy)).toBe('1');
});

// What `node --jitless` does to a process is tested in cli/process.test.ts.
test.each(['a proxy', 'the next proxy'])(
  '%s without WebAssembly warns once, and its metric is 0',
  async () => {
    instantiate('');
    const logger = logLines();
    const proxy = makeProxy({ logger });
    await proxy.start();
    await proxy.start();
    expect(logger.lines).toMatchObject([
      { level: 'info', message: 'listening' },
      { level: 'warn', message: expect.stringContaining('WebAssembly'), fields: { err: expect.any(Error) } },
    ]);
    expect(await enabled(proxy)).toBe('0');
  },
);
