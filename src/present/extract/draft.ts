// Drafts: what is being written has a name of its own until it is whole, and takes its final name by one rename, so
// that neither ^C nor a full disk leaves half a file that looks like a whole one. A run that was killed leaves its
// draft; the next run into the same folder removes it.
import { lstatSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { IsodriveError, isSystemError } from '../../base/error.js';
import type { TargetDirectory } from './target-directory.js';

const DRAFT = /^\.isodrive-(\d{1,10})(?:-\d{1,10})?\.part$/u;

/** Name of this process's draft; `number` tells those apart that are written at the same time. */
export function draftName(number?: number): string {
  return `.isodrive-${process.pid}${number === undefined ? '' : `-${number}`}.part`;
}

/**
 * Has `make` make something at the path of a draft, and gives it its own name. `replaces`: what has that name may go.
 * The draft is gone also when this rejects: with what `make` says, or with `busy` for a name that was taken meanwhile.
 */
export async function publish(
  directory: TargetDirectory,
  path: Buffer,
  replaces: boolean,
  make: (draft: Buffer) => Promise<void> | void,
): Promise<void> {
  const draft = directory.child(Buffer.from(draftName()));
  try {
    await make(draft);
    if (replaces) directory.makeRoom(path);
    else if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw takenMeanwhile();
    renameSync(draft, path);
  } catch (thrown) {
    removeQuietly(draft);
    throw thrown;
  }
}

/** Removes the drafts of runs that are no more. */
export function removeDrafts(directory: TargetDirectory): void {
  for (const name of readdirSync(directory.path, { encoding: 'buffer' })) {
    const pid = DRAFT.exec(name.toString('latin1'))?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = directory.child(name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) removeQuietly(path);
  }
}

function removeQuietly(path: Buffer): void {
  try {
    unlinkSync(path);
  } catch {
    // It may never have been made; the error that led here is the one to tell.
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return !(isSystemError(thrown) && thrown.code === 'ESRCH');
  }
}

function takenMeanwhile(): IsodriveError {
  return new IsodriveError(
    'partial',
    'Left out: another entry or program has made its name meanwhile, expected it to be free',
    { action: 'Extract into an empty directory of its own' },
  );
}
