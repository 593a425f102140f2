// Gives an entry the data of a Mac file: its runs of bytes, or the target of a symbolic link.
import { countBytes } from '../../base/byte-count.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { MAX_TARGET_BYTES } from '../contract/file-tree.js';
import type { DirectoryEntry } from '../contract/file-tree.js';
import { isForkCut } from './fork-map.js';
import { readFork } from './fork.js';
import type { Fork } from './fork.js';

/** Sets size, locator and extents; a fork that the image does not hold whole is a finding. */
export function giveData(
  reader: DataStream,
  fork: Fork,
  entry: DirectoryEntry,
  offset: number,
  report: (finding: Finding) => void,
): void {
  entry.size = fork.size;
  const [first, second] = fork.extents;
  entry.locator = first?.offset ?? 0;
  if (second !== undefined || (fork.size > 0 && first?.length !== fork.size)) entry.extents = fork.extents;
  if (!isForkCut(reader, fork)) return;
  report({
    code: 'file-beyond-end',
    severity: 'damage',
    message: `File of ${countBytes(fork.size)} has extents that are missing or reach beyond the ${countBytes(reader.size)} of the image`,
    at: { source: reader.name, offset },
  });
}

/** Sets the target, cut where it is too long to be one. Rejects as readFork does. */
export async function giveTarget(
  reader: DataStream,
  fork: Fork,
  entry: DirectoryEntry,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = new Uint8Array(Math.min(fork.size, MAX_TARGET_BYTES + 1));
  await readFork(reader, fork, target, 0, signal);
  entry.target = target;
  entry.size = target.length;
}
