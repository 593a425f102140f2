// Numbers of the users and groups that a policy names, from the files of the system (passwd(5), group(5)). Directories
// such as LDAP are not asked: a policy names such users by their numbers.
import { readFileSync } from 'node:fs';
import { IsodriveError } from '../../src/base/error.js';

const FILES = { user: '/etc/passwd', group: '/etc/group' } as const;
/** Field of a line that holds the number; in both files. */
const NUMBER_FIELD = 2;

/** Throws `policy` for a name that nobody has. */
export function findAccount(kind: keyof typeof FILES, name: string | number): number {
  if (typeof name === 'number') return name;
  const file = FILES[kind];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const fields = line.split(':');
    if (fields[0] === name && /^\d+$/u.test(fields[NUMBER_FIELD] ?? '')) return Number(fields[NUMBER_FIELD]);
  }
  throw new IsodriveError(
    'policy',
    `Policy names the ${kind} "${name}", expected one in ${file} or a number`,
    {
      action: `Correct the name, or write the number of the ${kind}`,
    },
  );
}
