// What kind of drive Wine takes a letter for: a value in its registry, which its mount manager reads when the server of
// the prefix starts.
import { IsodriveError } from '../base/error.js';
import type { WinePrograms } from './wine-programs.js';

const KEY = 'HKLM\\Software\\Wine\\Drives';

/** The value of a letter, or undefined where it has none. Rejects as WinePrograms.reg does. */
export async function readDriveType(wine: WinePrograms, letter: string): Promise<string | undefined> {
  const { status, output } = await wine.reg('query', KEY, '/v', `${letter}:`);
  if (status !== 0) return undefined;
  return /REG_SZ\s+(\S+)/.exec(output)?.[1];
}

/** Sets a letter's value, or removes it. Rejects with `policy` when Wine refuses. */
export async function writeDriveType(
  wine: WinePrograms,
  letter: string,
  type: string | undefined,
): Promise<void> {
  const value = ['/v', `${letter}:`];
  const change =
    type === undefined ? ['delete', KEY, ...value, '/f'] : ['add', KEY, ...value, '/d', type, '/f'];
  const { status } = await wine.reg(...change);
  if (status === 0) return;
  throw new IsodriveError(
    'policy',
    `Cannot change drive ${letter}: in Wine's registry: reg ended with ${status ?? 'a signal'}, expected 0`,
    { action: 'Try it by hand: wine reg query "HKLM\\Software\\Wine\\Drives"' },
  );
}
