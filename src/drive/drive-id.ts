// Short names of drives that are served: of their addresses, so that they stay while others come and go.
import { createHash } from 'node:crypto';
import { IsodriveError } from '../base/error.js';
import { listServedDrives } from './served-drives.js';

const DIGITS = 4;

export function driveId(uri: string): string {
  return createHash('sha256').update(uri).digest('hex').slice(0, DIGITS);
}

/**
 * The address of the served drive that `name` is the id of, or the start of its id; an address stands for itself.
 * Undefined when no drive is meant. Rejects with `usage` when several are.
 */
export async function findDriveUri(folder: string, name: string): Promise<string | undefined> {
  if (name.includes('://')) return name;
  const start = name.toLowerCase();
  if (!/^[0-9a-f]+$/u.test(start)) return undefined;
  const uris = (await listServedDrives(folder)).flatMap((drive) => drive.uris);
  const found = uris.filter((uri) => driveId(uri).startsWith(start));
  if (found.length <= 1) return found[0];
  throw new IsodriveError('usage', `"${name}" means ${found.length} drives, expected one`, {
    action: `Name one of ${found.map((uri) => `${driveId(uri)} (${uri})`).join(', ')}`,
  });
}
