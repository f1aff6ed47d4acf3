import { statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { groupNumber } from '../../../../lib/server/listener/socket-group.js';
import { proxies } from '../../../helpers/proxies.js';
import { tempPaths } from '../../../helpers/temp.js';

const path = tempPaths();
const newProxy = proxies();

describe('groupNumber', () => {
  const file = path();
  writeFileSync(file, 'root:x:0:\n# comment\naudit:x:4242:alice,bob\nbroken\nempty:x::\naudit2:x:4243:\n');

  test.each<[string | number, number]>([
    [7, 7],
    [0, 0],
    ['7', 7],
    ['root', 0],
    ['audit', 4242],
    ['audit2', 4243],
  ])('%j is %d', (group, number) => {
    expect(groupNumber(group, file)).toBe(number);
  });

  test.each(['none', 'broken', 'empty', '', 'aud', 'audit:x', '-1', '# comment'])(
    '%j is unknown',
    (group) => {
      expect(() => groupNumber(group, file)).toThrow(
        expect.objectContaining({
          code: 'ERR_INVALID_OPTION',
          message: expect.stringMatching(
            /^socketGroup: got ".*", expected the name of a group in .*, or the number/,
          ),
        }),
      );
    },
  );

  test('a name is unknown if there is no file of groups, and a number is not', () => {
    expect(() => groupNumber('audit', path())).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    );
    expect(groupNumber('12', path())).toBe(12);
  });
});

describe('socketGroup', () => {
  /** A process may give a file to a group of which it is a member; root, to every group. */
  const groups = process.getuid?.() === 0 ? [12_345] : (process.getgroups?.() ?? []);

  test.each(groups)('the socket file belongs to group %d', async (gid) => {
    const proxy = newProxy({ socketGroup: gid, socketMode: 0o660 });
    await proxy.start();
    expect(statSync(proxy.socketPath)).toMatchObject({ gid });
    expect(statSync(proxy.socketPath).mode & 0o777).toBe(0o660);
  });
});
