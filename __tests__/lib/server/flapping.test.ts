import { expect, test } from '@jest/globals';
import { logLines } from '../../helpers/log-lines.js';
import { logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { connectTo } from '../../helpers/socket-client.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();

test.each([
  ['the last line says that it has recovered', false, 'the reporter accepts batches again'],
  ['the last line says that it fails', true, 'the reporter is failing; retrying'],
])('a reporter that fails every other time has one line, and at the end %s', async (_name, fails, last) => {
  const logger = logLines();
  const proxy = makeProxy({ logger, overflow: 'block' });
  let calls = 0;
  let isDown = false;
  const report = () => {
    calls += 1;
    if (isDown || calls % 2 === 1) throw new Error('not available');
  };
  await proxy.start();
  proxy.runForwarder({ report }, { retry: { initialDelayMs: 0 } });
  const socket = await connectTo(proxy.socketPath);
  for (let i = 0; i < 300; i++) socket.write(logsFrame(1, i));
  await until('all are forwarded', () => proxy.accounts().forwarded.batches === 300);
  if (fails) {
    isDown = true;
    socket.write(logsFrame(1));
    const before = calls;
    await until('it fails', () => calls > before);
  }
  const said = () => logger.lines.filter(({ message }) => message.includes('reporter'));
  expect(said()).toHaveLength(1);
  socket.destroy();
  await proxy.close();
  expect(said().map(({ message }) => message)).toEqual(['the reporter is failing; retrying', last]);
  expect(said()[1]?.fields).toMatchObject({ times: 300 });
});
