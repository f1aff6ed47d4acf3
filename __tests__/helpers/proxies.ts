import { afterEach } from '@jest/globals';
import { BoundaryLogProxy, type BoundaryLogProxyOptions } from '../../lib/index.js';
import { assertBalanced } from './accounts.js';
import { tempPaths } from './temp.js';

/**
 * Makes proxies, each on a new socket. After each test they are closed, so that a failed test leaves nothing open, and
 * their accounts must balance.
 */
export function proxies(): (options?: BoundaryLogProxyOptions) => BoundaryLogProxy {
  const path = tempPaths();
  const made: BoundaryLogProxy[] = [];
  afterEach(async () => {
    for (const proxy of made.splice(0)) {
      await proxy.close();
      assertBalanced(proxy.accounts());
    }
  });
  return (options = {}) => {
    const proxy = new BoundaryLogProxy(
      options.source === undefined ? { socketPath: path(), ...options } : options,
    );
    made.push(proxy);
    return proxy;
  };
}
