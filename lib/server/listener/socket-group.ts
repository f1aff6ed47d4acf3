import { readFileSync } from 'node:fs';
import { invalidOption } from '../../options.js';

/**
 * The number of a group. A name is looked up in `/etc/group`, which needs no other program, so a group that comes from
 * another source, such as LDAP, has to be given by its number.
 *
 * @param name What to call the option in messages.
 * @throws ERR_INVALID_OPTION if no group has this name.
 */
export function groupNumber(group: string | number, groupFile = '/etc/group', name = 'socketGroup'): number {
  if (typeof group === 'number') return group;
  if (/^\d+$/.test(group)) return Number(group);
  const entry = read(groupFile)
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === group);
  const number = entry?.[2] ?? '';
  if (/^\d+$/.test(number)) return Number(number);
  throw invalidOption(name, group, `the name of a group in ${groupFile}, or the number of a group`);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
